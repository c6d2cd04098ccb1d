// Package organization has everything named cloudfleet_organization.
package organization

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

var _ datasource.DataSourceWithConfigure = (*DataSource)(nil)

// DataSource is cloudfleet_organization.
type DataSource struct {
	client *cloudfleet.Client
}

// NewDataSource returns the data source for the provider to serve.
func NewDataSource() datasource.DataSource { return &DataSource{} }

type model struct {
	ID   types.String `tfsdk:"id"`
	Name types.String `tfsdk:"name"`
}

func (d *DataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_organization"
}

func (d *DataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The organization of the provider's access token. A token with the role `User` can read it, too, so it also " +
			"shows whether the provider's credentials are valid.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "ID of the organization, a UUID. The host names of its registries begin with it.",
			},
			"name": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Name of the organization.",
			},
		},
	}
}

func (d *DataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	if data := providerdata.From(req.ProviderData, &resp.Diagnostics); data != nil {
		d.client = data.Client
	}
}

func (d *DataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if providerdata.DeferData(ctx, resp, tfdiag.Defers(d.client, req.ClientCapabilities.DeferralAllowed)) {
		return
	}
	organization, err := d.client.GetOrganization(ctx)
	if err != nil {
		resp.Diagnostics.Append(tfdiag.FromError("Could not read the organization", "", err)...)
		return
	}
	m := model{ID: types.StringValue(organization.ID), Name: types.StringValue(organization.Name)}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}
