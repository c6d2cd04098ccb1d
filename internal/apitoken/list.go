package apitoken

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

var _ list.ListResourceWithConfigure = (*ListResource)(nil)

// ListResource lists the tokens of the organization for `terraform query`.
type ListResource struct{ tokenkit.Lister }

// NewListResource returns the list resource for the provider to serve.
func NewListResource() list.ListResource { return &ListResource{} }

func (l *ListResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_api_token"
}

// ListResourceConfigSchema has the filter of a list block.
func (l *ListResource) ListResourceConfigSchema(
	_ context.Context,
	_ list.ListResourceSchemaRequest,
	resp *list.ListResourceSchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the API tokens of the organization, to import existing ones. `terraform query` lists them, and " +
			"`-generate-config-out=tokens.tf` writes their `import` and `resource` blocks. Requires Terraform 1.14. Secrets " +
			"are not listed.",
		Attributes: tokenkit.ListFilterAttributes(),
	}
}

// List yields the tokens that pass the filter, oldest first as the API lists them, and
// fetches a page when the previous one is used up.
func (l *ListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	matches, includeOwn, diags := tokenkit.ListFilter(ctx, req)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(yield func(list.ListResult) bool) {
		left := req.Limit
		for token, err := range l.Client.ListTokens(ctx) {
			if err != nil {
				// The error is a result, because the stream is already being read.
				yield(list.ListResult{Diagnostics: tokenkit.ListFailure(err)})
				return
			}
			own := l.Client.CallsAs(token.ID)
			if !matches(token) || own && !includeOwn {
				continue
			}
			left--
			if !yield(listed(ctx, req, token, own)) || left == 0 {
				return
			}
		}
	}
}

func listed(ctx context.Context, req list.ListRequest, token cloudfleet.Token, own bool) list.ListResult {
	m := model{Model: tokenkit.NewModel()}
	m.setToken(token)
	result := req.NewListResult(ctx)
	result.DisplayName = tokenkit.DisplayName(token, "", own)
	result.Diagnostics.Append(identify(ctx, result.Identity, m.ID)...)
	if req.IncludeResource {
		result.Diagnostics.Append(result.Resource.Set(ctx, &m)...)
	}
	return result
}
