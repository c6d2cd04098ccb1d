package apitoken

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

var _ datasource.DataSourceWithConfigure = (*TokensDataSource)(nil)

// TokensDataSource is the data source cloudfleet_api_tokens.
type TokensDataSource struct {
	client *cloudfleet.Client
}

// NewTokensDataSource returns the data source for the provider to serve.
func NewTokensDataSource() datasource.DataSource { return &TokensDataSource{} }

type tokensModel struct {
	filter
	Tokens []readableModel `tfsdk:"tokens"`
}

func (d *TokensDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_api_tokens"
}

func (d *TokensDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The API tokens of the organization that the provider's access token belongs to, the provider's own included: all, or " +
			"those that pass every filter that is set. Their secrets cannot be read: Cloudfleet shows them only once.",
		Attributes: map[string]schema.Attribute{
			"role": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: filterByRole,
				Validators:          roleFilterValidators(),
			},
			"name_prefix": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: filterByNamePrefix,
			},
			"name_regex": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: filterByNameRegex,
				Validators:          nameRegexValidators(),
			},
			"tokens": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The tokens, the oldest first. Empty if there is none.",
				NestedObject: schema.NestedAttributeObject{
					Attributes: map[string]schema.Attribute{
						"id": schema.StringAttribute{
							Computed:            true,
							MarkdownDescription: "ID of the token: the user name for `docker login`.",
						},
						"name": schema.StringAttribute{
							Computed:            true,
							MarkdownDescription: "What the token is for. Several tokens may have the same name.",
						},
						"role": schema.StringAttribute{
							Computed:            true,
							MarkdownDescription: roleDescription,
						},
						"created_at": schema.StringAttribute{
							Computed:            true,
							MarkdownDescription: createdAtDescription,
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
	var m tokensModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	matches, diags := m.compile()
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	tokens, err := collect(d.client.ListTokens(ctx), matches)
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

// collect returns the tokens that match, the oldest first, whichever order the API
// has; or the error of a page that is missing, for a part is not taken for all.
func collect(tokens iter.Seq2[cloudfleet.Token, error], matches func(cloudfleet.Token) bool) ([]cloudfleet.Token, error) {
	var found []cloudfleet.Token
	for t, err := range tokens {
		if err != nil {
			return nil, err
		}
		if matches(t) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b cloudfleet.Token) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return found, nil
}
