package registry

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

var _ datasource.DataSourceWithConfigure = (*RepositoriesDataSource)(nil)

// RepositoriesDataSource is cloudfleet_registry_repositories.
type RepositoriesDataSource struct {
	provider *providerdata.Data
}

// NewRepositoriesDataSource returns the data source for the provider to serve.
func NewRepositoriesDataSource() datasource.DataSource { return &RepositoriesDataSource{} }

type repositoriesModel struct {
	Region types.String `tfsdk:"region"`
	Names  types.List   `tfsdk:"names"`
}

func (d *RepositoriesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_registry_repositories"
}

func (d *RepositoriesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The repositories in the registry of the provider's organization in a region. They are read with the " +
			"provider's access token (the role `User` is enough) or, without one, with the machine's credential helper.",
		Attributes: map[string]schema.Attribute{
			"region": regionAttribute,
			"names": schema.ListAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Names, such as `shop/checkout`, sorted and without the host name. Empty if nothing has been pushed yet.",
			},
		},
	}
}

func (d *RepositoriesDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.provider = providerdata.From(req.ProviderData, &resp.Diagnostics)
}

func (d *RepositoriesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	const summary = "Could not list the repositories"
	var m repositoriesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if providerdata.DeferData(ctx, resp, d.provider.LoginIsUnknown(types.StringNull()) && req.ClientCapabilities.DeferralAllowed) {
		return
	}
	client, diags := d.provider.RegistryClient(ctx, &m.Region, summary)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	names, err := client.Repositories(ctx)
	if err != nil {
		resp.Diagnostics.Append(tfdiag.FromRegistryError(summary, tfdiag.Ours, err)...)
		return
	}
	m.Names, diags = types.ListValueFrom(ctx, types.StringType, names)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}
