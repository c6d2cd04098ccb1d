package apitoken

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

var _ datasource.DataSourceWithConfigure = (*TokensDataSource)(nil)

// TokensDataSource is the data source cloudfleet_api_tokens.
type TokensDataSource struct {
	client *cloudfleet.Client
}

// NewTokensDataSource returns the data source for the provider to serve.
func NewTokensDataSource() datasource.DataSource { return &TokensDataSource{} }

type tokensModel struct {
	tokenkit.Filter
	Tokens []readableModel `tfsdk:"tokens"`
}

func (d *TokensDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_api_tokens"
}

func (d *TokensDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The API tokens of the organization, including the provider's own: all, or those that pass every filter. Their " +
			"secrets cannot be read.",
		Attributes: map[string]schema.Attribute{
			"role": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: tokenkit.FilterByRole,
				Validators:          tokenkit.RoleFilterValidators(),
			},
			"name_prefix": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: tokenkit.FilterByNamePrefix,
			},
			"name_regex": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: tokenkit.FilterByNameRegex,
				Validators:          tokenkit.NameRegexValidators(),
			},
			"older_than_days": schema.NumberAttribute{
				Optional:            true,
				MarkdownDescription: tokenkit.FilterByAge,
				Validators:          tokenkit.AgeFilterValidators(),
			},
			"tokens": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The tokens, oldest first. Empty if there are none.",
				NestedObject: schema.NestedAttributeObject{
					Attributes: map[string]schema.Attribute{
						"id": schema.StringAttribute{
							Computed:            true,
							MarkdownDescription: "ID of the token: the user name for `docker login`.",
						},
						"name": schema.StringAttribute{
							Computed:            true,
							MarkdownDescription: "Name of the token. Several tokens may have the same name.",
						},
						"role": schema.StringAttribute{
							Computed:            true,
							MarkdownDescription: tokenkit.RoleDescription,
						},
						"created_at": schema.StringAttribute{
							Computed:            true,
							MarkdownDescription: createdAtDescription,
						},
						"updated_at": schema.StringAttribute{
							Computed:            true,
							MarkdownDescription: updatedAtDescription,
						},
					},
				},
			},
		},
	}
}

func (d *TokensDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	if data := providerdata.From(req.ProviderData, &resp.Diagnostics); data != nil {
		d.client = data.Client
	}
}

func (d *TokensDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if providerdata.DeferData(ctx, resp, tfdiag.Defers(d.client, req.ClientCapabilities.DeferralAllowed)) {
		return
	}
	var m tokensModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	matches, diags := m.Compile()
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	tokens, err := tokenkit.Collect(d.client.ListTokens(ctx), matches)
	if err != nil {
		resp.Diagnostics.Append(tfdiag.FromError("Could not list the API tokens", "", err)...)
		return
	}
	m.Tokens = make([]readableModel, 0, len(tokens)) // empty is not null
	for _, t := range tokens {
		m.Tokens = append(m.Tokens, readable(t))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}
