package registry

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/validate"
)

var _ datasource.DataSourceWithConfigure = (*DataSource)(nil)

// DataSource is cloudfleet_registry.
type DataSource struct {
	provider *providerdata.Data
}

// NewDataSource returns the data source for the provider to serve.
func NewDataSource() datasource.DataSource { return &DataSource{} }

type dataSourceModel struct {
	ID             types.String `tfsdk:"id"`
	OrganizationID types.String `tfsdk:"organization_id"`
	Region         types.String `tfsdk:"region"`
	Hostname       types.String `tfsdk:"hostname"`
	URL            types.String `tfsdk:"url"`
}

func (d *DataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_registry"
}

func (d *DataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The container registry (CFCR) of an organization in a region: its host name, to log in to and to begin " +
			"image references with. Every organization has one in each region; there is nothing to provision. " +
			"Needs no credentials and makes no call.",
		Attributes: map[string]schema.Attribute{
			"organization_id": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "The organization, a UUID. Default: the provider's `organization_id`.",
				Validators:          []validator.String{validate.String(validate.UUID)},
			},
			"region": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "`europe` (default), `northamerica` or `apac`. Images are stored in each region on their own.",
				Validators:          []validator.String{validate.String(CheckRegion)},
			},
			"hostname": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "Host name, such as `12345678-6651-4e5d-9c04-079f6532989b.europe.registry.cloudfleet.dev`: what " +
					"`docker login` takes, and what an image reference begins with.",
			},
			"url": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "`https://` and the host name, for tools that want a URL.",
			},
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Same as `hostname`.",
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
	if m.OrganizationID.IsNull() {
		m.OrganizationID = d.provider.OrganizationID
	}
	if m.Region.IsNull() {
		m.Region = types.StringValue(DefaultRegion)
	}
	switch {
	case m.OrganizationID.IsUnknown():
		resp.Diagnostics.AddAttributeError(path.Root("organization_id"), "Organization is not known yet",
			"The provider's organization_id is known only after apply, and a data source is read before. Set organization_id "+
				"here, or apply what the provider's comes from first, for example with -target.")
		return
	case m.OrganizationID.IsNull():
		resp.Diagnostics.AddAttributeError(path.Root("organization_id"), "No organization",
			"Set organization_id here, or for the provider: in its block, or as the environment variable CLOUDFLEET_ORGANIZATION_ID. "+
				"It is the UUID that host names of your registries begin with; the Cloudfleet Console shows it.")
		return
	case d.provider.RegistryDomain.IsUnknown():
		resp.Diagnostics.AddError("Registry domain is not known yet",
			"The provider's registry_domain is known only after apply, and a data source is read before. Apply what it comes "+
				"from first, for example with -target.")
		return
	}
	hostname := Hostname(m.OrganizationID.ValueString(), m.Region.ValueString(), d.provider.RegistryDomain.ValueString())
	m.Hostname = types.StringValue(hostname)
	m.URL = types.StringValue("https://" + hostname)
	m.ID = m.Hostname
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}
