package image

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cfcr"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/validate"
)

var _ datasource.DataSourceWithConfigure = (*DataSource)(nil)

// DataSource is cloudfleet_registry_image.
type DataSource struct {
	provider *providerdata.Data
}

// NewDataSource returns the data source for the provider to serve.
func NewDataSource() datasource.DataSource { return &DataSource{} }

type dataSourceModel struct {
	Region     types.String `tfsdk:"region"`
	Repository types.String `tfsdk:"repository"`
	Tag        types.String `tfsdk:"tag"`
	Digest     types.String `tfsdk:"digest"`
	Image      types.String `tfsdk:"image"`
	Size       types.Int64  `tfsdk:"size"`
	Platforms  types.List   `tfsdk:"platforms"`
}

func (d *DataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_registry_image"
}

func (d *DataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The image that a tag in the registry of the provider's organization refers to now: its digest, to pin a " +
			"deployment to a tested image. It is read with the provider's access token (the role `User` is enough) or, " +
			"without one, with the machine's credential helper.",
		Attributes: map[string]schema.Attribute{
			"region": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: providerdata.RegionDescription,
				Validators:          []validator.String{validate.String(cfcr.CheckRegion)},
			},
			"repository": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Repository in the registry, such as `shop/checkout`, in lower case and without the host name.",
				Validators:          []validator.String{validate.String(cfcr.CheckRepository)},
			},
			"tag": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Tag, such as `v1.4.2`. There is no default, not even `latest`.",
				Validators:          []validator.String{validate.String(cfcr.CheckTag)},
			},
			"digest": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Digest of the image, of all its platforms, such as `sha256:` and 64 hexadecimal digits.",
			},
			"image": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Reference of the image by its digest, `HOSTNAME/REPOSITORY@DIGEST`, for a pod's `image`.",
			},
			"size": schema.Int64Attribute{
				Computed: true,
				MarkdownDescription: "Size in bytes of the manifest, the configuration and the compressed layers. For an image with " +
					"several platforms, of the index and its manifests, without layers.",
			},
			"platforms": schema.ListAttribute{
				Computed:            true,
				ElementType:         types.StringType,
				MarkdownDescription: "Platforms of the image, such as `linux/amd64` and `linux/arm/v7`, sorted. Empty for a chart and the like.",
			},
		},
	}
}

func (d *DataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.provider = providerdata.From(req.ProviderData, &resp.Diagnostics)
}

func (d *DataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m dataSourceModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	repository, tag := m.Repository.ValueString(), m.Tag.ValueString()
	summary := fmt.Sprintf("Could not read the image %s:%s", repository, tag)
	if providerdata.DeferData(ctx, resp, d.provider.LoginIsUnknown(types.StringNull()) && req.ClientCapabilities.DeferralAllowed) {
		return
	}
	client, diags := d.provider.RegistryClient(ctx, &m.Region, summary)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	image, err := client.Image(ctx, repository, tag)
	switch {
	case errors.Is(err, oci.ErrNoTag):
		resp.Diagnostics.Append(notFoundDiag(ctx, client, repository, tag)...)
		return
	case err != nil:
		resp.Diagnostics.Append(tfdiag.FromRegistryError(summary, tfdiag.Ours, err)...)
		return
	}
	reference, err := cfcr.ImageRef(client.Host, repository, image.Digest)
	if err != nil {
		resp.Diagnostics.AddError(summary, tfdiag.Sentence(err))
		return
	}
	m.Digest = types.StringValue(image.Digest)
	m.Image = types.StringValue(reference)
	m.Size = types.Int64Value(image.Size)
	m.Platforms, diags = types.ListValueFrom(ctx, types.StringType, image.Platforms)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// notFoundDiag says whether the tag or the whole repository is missing, and what there is
// instead.
func notFoundDiag(ctx context.Context, client *oci.Client, repository, tag string) diag.Diagnostics {
	var diags diag.Diagnostics
	tags, err := client.Tags(ctx, repository)
	switch {
	case oci.IsNotFound(err):
		// Nothing is said about what could not be read.
		var suggestion string
		if repositories, err := client.Repositories(ctx); err == nil {
			suggestion = " " + suggest("repository", repository, repositories)
		}
		diags.AddAttributeError(path.Root("repository"), "No such repository", fmt.Sprintf(
			"There is no repository %q in %s.%s\n\nCorrect the name, or push to it. Each region stores its own images, so it "+
				"may be in another region.", repository, client.Host, suggestion))
	case err != nil:
		diags.Append(tfdiag.FromRegistryError(fmt.Sprintf("No tag %s in %s, and no list of its tags", tag, repository), tfdiag.Ours, err)...)
	default:
		diags.AddAttributeError(path.Root("tag"), "No such tag", fmt.Sprintf(
			"There is no tag %q in the repository %s of %s. %s\n\nCorrect the tag, or push it.",
			tag, repository, client.Host, suggest("tag", tag, tags)))
	}
	return diags
}

func suggest(what, name string, names []string) string {
	if len(names) == 0 {
		return "There is no " + what + " at all."
	}
	return "Nearest to it: " + strings.Join(nearest(name, names), ", ") + "."
}

// nearest returns the names that are most similar to the missing one.
func nearest(name string, names []string) []string {
	const most = 3
	byDistance := slices.SortedStableFunc(slices.Values(names), func(a, b string) int {
		return levenshtein.Distance(name, a, nil) - levenshtein.Distance(name, b, nil)
	})
	return byDistance[:min(most, len(byDistance))]
}
