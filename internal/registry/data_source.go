// Package registry has everything about an organization's container registries.
package registry

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cfcr"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/validate"
)

var _ datasource.DataSourceWithConfigure = (*DataSource)(nil)

// DataSource is cloudfleet_registry.
type DataSource struct {
	provider *providerdata.Data
}

// regionAttribute is region in the schema of a data source.
var regionAttribute = schema.StringAttribute{
	Optional: true, Computed: true,
	MarkdownDescription: providerdata.RegionDescription,
	Validators:          []validator.String{validate.String(cfcr.CheckRegion)},
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
		MarkdownDescription: "The container registry (CFCR) of an organization in a region: its host name, for logins and image " +
			"references. Every organization has one in each region; nothing has to be provisioned. Needs no credentials and makes no " +
			"calls.",
		Attributes: map[string]schema.Attribute{
			"organization_id": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "The organization, a UUID. Default: the provider's `organization_id`.",
				Validators:          []validator.String{validate.String(validate.UUID)},
			},
			"region": regionAttribute,
			"hostname": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "Host name, such as `12345678-6651-4e5d-9c04-079f6532989b.europe.registry.cloudfleet.dev`, for " +
					"`docker login` and at the beginning of image references.",
			},
			"url": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Host name with `https://`, for tools that need a URL.",
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
	if providerdata.DeferData(ctx, resp, d.provider.HostnameIsUnknown(m.OrganizationID) && req.ClientCapabilities.DeferralAllowed) {
		return
	}
	hostname, diags := d.provider.RegistryHostname(&m.OrganizationID, &m.Region)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.Hostname = types.StringValue(hostname)
	m.URL = types.StringValue("https://" + hostname)
	m.ID = m.Hostname
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}
