// Package image has everything named cloudfleet_registry_image: copies of images, and what a
// tag refers to.
package image

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cfcr"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/validate"
)

var (
	_ resource.ResourceWithConfigure      = (*Resource)(nil)
	_ resource.ResourceWithModifyPlan     = (*Resource)(nil)
	_ resource.ResourceWithValidateConfig = (*Resource)(nil)
	_ resource.ResourceWithImportState    = (*Resource)(nil)
	_ resource.ResourceWithIdentity       = (*Resource)(nil)
	_ resource.ResourceWithMoveState      = (*Resource)(nil)
)

// Resource is cloudfleet_registry_image: a copy of an image from another registry.
type Resource struct {
	provider *providerdata.Data
}

// NewResource returns the resource for the provider to serve.
func NewResource() resource.Resource { return &Resource{} }

// Metadata implements resource.Resource.
func (r *Resource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_registry_image"
	resp.ResourceBehavior.MutableIdentity = true // a newer image has another digest
}

// Schema implements resource.Resource.
func (r *Resource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Copies an image from another registry into the registry of the provider's organization. Clusters of the " +
			"organization pull it from there without credentials. The copy has the same digest and includes all platforms and " +
			"attestations, and what refers to the image or to one of its platforms, such as signatures. Requires an access token with the role " +
			"`Administrator`.",
		Attributes: map[string]schema.Attribute{
			"source": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Image to copy, with the host name of its registry: `docker.io/library/nginx:1.29`, or better " +
					"`docker.io/library/nginx@sha256:…`, which always refers to the same image. `docker.io/nginx` means " +
					"`docker.io/library/nginx`. Changing it copies the other image and moves the tags to it.",
				Validators: []validator.String{validate.String(checkSource)},
			},
			"source_username": schema.StringAttribute{
				Optional:  true,
				WriteOnly: true,
				MarkdownDescription: "User name for the registry of the source. Requires Terraform 1.11 or OpenTofu 1.11. Default: " +
					"the login for that registry in the machine's Docker configuration (`DOCKER_CONFIG`, else `~/.docker`) " +
					"or its credential helpers, else none.",
				Validators: []validator.String{stringvalidator.AlsoRequires(path.MatchRoot("source_password"))},
			},
			"source_password": schema.StringAttribute{
				Optional: true, WriteOnly: true, Sensitive: true,
				MarkdownDescription: "Password for the registry of the source. Set both.",
				Validators:          []validator.String{stringvalidator.AlsoRequires(path.MatchRoot("source_username"))},
			},
			"region": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(cfcr.DefaultRegion),
				MarkdownDescription: providerdata.RegionDescription + " Changing it makes another copy.",
				Validators:          []validator.String{validate.String(cfcr.CheckRegion)},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"repository": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Repository to copy to, such as `mirror/nginx`, in lower case and without the host name. " +
					"Changing it makes another copy.",
				Validators:    []validator.String{validate.String(checkRepository)},
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"tags": schema.SetAttribute{
				Optional:    true,
				Computed:    true,
				ElementType: types.StringType,
				MarkdownDescription: "Tags of the copy. A tag that refers to another image is moved to the copy. Default: the tag " +
					"of the source, if it has one.",
				Validators: []validator.Set{setvalidator.ValueStringsAre(validate.String(cfcr.CheckTag))},
			},
			"platforms": schema.SetAttribute{
				Optional:    true,
				ElementType: types.StringType,
				MarkdownDescription: "Platforms to copy, such as `linux/amd64` and `linux/arm64`. If some are left out, the copy " +
					"has another digest, and signatures of the whole image are not copied. Default: all.",
				Validators: []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(validate.String(oci.CheckPlatform))},
			},
			"follow_tag": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether each refresh asks, with one request, which image the tag in `source` refers to. If it " +
					"is another one, the plan copies it. The request cannot use `source_username`, only the machine's Docker " +
					"configuration. Default: `false`.",
			},
			"keep_on_destroy": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether a destroy keeps the image and its tags in the registry. Default: `false`: it deletes the " +
					"tags in the state, and the image unless another tag needs it. An image without tags is kept.",
			},
			"digest": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Digest of the copy, such as `sha256:` and 64 hexadecimal digits.",
			},
			"source_digest": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Digest of the image that was copied: equal to `digest` unless platforms were left out.",
			},
			"reference": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Reference of the copy by its digest, `HOSTNAME/REPOSITORY@DIGEST`, for a pod's `image`.",
			},
			"size": schema.Int64Attribute{
				Computed:            true,
				MarkdownDescription: "Size of the copy in bytes, of all its platforms, compressed.",
			},
		},
	}
}

// MoveState takes over a copy from another provider address.
func (r *Resource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{providerdata.MoverFromElsewhere("cloudfleet_registry_image",
		func(ctx context.Context, state tfsdk.State, identity *tfsdk.ResourceIdentity) diag.Diagnostics {
			var reference types.String
			diags := state.GetAttribute(ctx, path.Root("reference"), &reference)
			return append(diags, identity.SetAttribute(ctx, path.Root("reference"), reference)...)
		})}
}

// IdentitySchema is the reference of the copy by its digest.
func (r *Resource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"reference": identityschema.StringAttribute{RequiredForImport: true, Description: "Reference of the copy, HOSTNAME/REPOSITORY@DIGEST."},
		},
	}
}

// Configure implements resource.ResourceWithConfigure.
func (r *Resource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.provider = providerdata.From(req.ProviderData, &resp.Diagnostics)
}

// ValidateConfig reports a source that cannot be followed, because it is not a tag.
func (r *Resource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var m model
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	source, err := parseSource(m.Source.ValueString())
	if m.FollowTag.ValueBool() && err == nil && source.Digest != "" {
		resp.Diagnostics.AddAttributeError(path.Root("follow_tag"), "No tag to follow",
			"The source has a digest, which always refers to the same image. Use a tag, or remove follow_tag.")
	}
}

// ImportState takes the reference of an image in a registry of the organization.
func (r *Resource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if resp.Deferred = providerdata.Deferred(
		r.provider.HostnameIsUnknown(types.StringNull()) && req.ClientCapabilities.DeferralAllowed,
	); resp.Deferred != nil {
		resp.State.Raw = tftypes.NewValue(resp.State.Raw.Type(), tftypes.UnknownValue)
		return
	}
	id := req.ID
	if id == "" {
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root("reference"), &id)...)
	}
	image, err := cfcr.ParseImageRef(id)
	region, isOurs := r.regionOf(image.Hostname)
	switch {
	case err != nil:
	case !isOurs:
		err = fmt.Errorf("%s is not the host name of a registry of the provider's organization", image.Hostname)
	case image.Tag == "" && image.Digest == "":
		err = fmt.Errorf("%q has neither a tag nor a digest. The import ID is HOSTNAME/REPOSITORY:TAG or HOSTNAME/REPOSITORY@DIGEST", id)
	}
	if err != nil {
		resp.Diagnostics.AddError("Invalid import ID", tfdiag.Sentence(err))
		return
	}
	tags := []string{}
	if image.Tag != "" {
		tags = append(tags, image.Tag)
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("region"), region)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("repository"), image.Repository)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("tags"), tags)...)
	if image.Digest != "" {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("digest"), image.Digest)...)
	}
}

// regionOf returns the region of a host name, and whether it is the host name of a
// registry of the organization.
func (r *Resource) regionOf(hostname string) (string, bool) {
	for _, region := range cfcr.Regions() {
		region := types.StringValue(region)
		if of, diags := r.provider.OwnHostname(&region); !diags.HasError() && of == hostname {
			return region.ValueString(), true
		}
	}
	return "", false
}
