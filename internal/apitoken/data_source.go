package apitoken

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"golang.org/x/text/unicode/norm"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/validate"
)

var (
	_ datasource.DataSourceWithConfigure        = (*DataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*DataSource)(nil)
)

// DataSource is the data source cloudfleet_api_token.
type DataSource struct {
	client *cloudfleet.Client
}

// NewDataSource returns the data source for the provider to serve.
func NewDataSource() datasource.DataSource { return &DataSource{} }

func (d *DataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_api_token"
}

func (d *DataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An existing API token, by its ID or its name. Its secret cannot be read.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "ID of the token: the user name for `docker login`. Set this or `name`.",
				Validators:          []validator.String{validate.String(cloudfleet.CheckTokenID)},
			},
			"name": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Full name of the token. Upper and lower case differ. Set this or `id`. If several tokens have the " +
					"name, the error lists their IDs.",
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
	}
}

// ConfigValidators require exactly one way to find the token.
func (d *DataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{datasourcevalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("name"))}
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
	var m readableModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	var token cloudfleet.Token
	if m.Name.IsNull() {
		token = d.byID(ctx, m.ID.ValueString(), &resp.Diagnostics)
	} else {
		token = d.byName(ctx, m.Name.ValueString(), &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, readable(token))...)
}

func (d *DataSource) byID(ctx context.Context, id string, diags *diag.Diagnostics) cloudfleet.Token {
	token, err := d.client.GetToken(ctx, id)
	if cloudfleet.IsNotFound(err) {
		diags.Append(notFoundDiag("id", fmt.Sprintf("There is no API token with the ID %q", id)))
	} else if err != nil {
		diags.Append(tfdiag.FromError(fmt.Sprintf("Could not read the API token with the ID %q", id), "", err)...)
	}
	return token
}

func (d *DataSource) byName(ctx context.Context, name string, diags *diag.Diagnostics) cloudfleet.Token {
	name = norm.NFC.String(name)
	hasName := func(t cloudfleet.Token) bool { return t.Name == name }
	tokens, err := tokenkit.Collect(d.client.ListTokens(ctx), hasName)
	if err == nil && len(tokens) == 0 {
		// A list that shifts between two pages can lack a token, so it is read again.
		tokens, err = tokenkit.Collect(d.client.ListTokens(ctx), hasName)
	}
	switch {
	case err != nil:
		diags.Append(tfdiag.FromError(fmt.Sprintf("Could not look for the API token %q", name), "", err)...)
	case len(tokens) == 0:
		diags.Append(notFoundDiag("name", fmt.Sprintf("There is no API token %q", name)))
	case len(tokens) > 1:
		diags.Append(several(name, tokens))
	default:
		return tokens[0]
	}
	return cloudfleet.Token{}
}

func notFoundDiag(attribute, summary string) diag.Diagnostic {
	return diag.NewAttributeErrorDiagnostic(path.Root(attribute), summary, fmt.Sprintf(
		"The organization of the provider's access token has no token with this %[1]s. Correct the %[1]s, or list the "+
			"existing tokens with the data source cloudfleet_api_tokens.\n\nA data source is read before anything is created: "+
			"for a token of the same configuration, use the attributes of its resource.",
		attribute))
}

// several lists the tokens that share a name, so that the user can choose one. The CLI
// does not wrap lines that begin with spaces.
func several(name string, tokens []cloudfleet.Token) diag.Diagnostic {
	var choice strings.Builder
	for _, t := range tokens {
		created := cmp.Or(tokenkit.Timestamp(t.CreatedAt).ValueString(), "at an unknown time")
		fmt.Fprintf(&choice, "\n  %s  %s, created %s", t.ID, t.Role, created)
	}
	return diag.NewAttributeErrorDiagnostic(path.Root("name"), fmt.Sprintf("There are %d API tokens %q", len(tokens), name),
		"Names need not be unique. Set id instead of name, to one of these:\n"+choice.String())
}
