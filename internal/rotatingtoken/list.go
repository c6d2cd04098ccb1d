package rotatingtoken

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

var _ list.ListResourceWithConfigure = (*ListResource)(nil)

// ListResource lists for `terraform query` what can be adopted as a rotating token.
// Cloudfleet does not know which tokens belong together: name and role decide.
type ListResource struct{ tokenkit.Lister }

// NewListResource returns the list resource for the provider to serve.
func NewListResource() list.ListResource { return &ListResource{} }

func (l *ListResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_rotating_api_token"
}

// ListResourceConfigSchema has the filter of a list block.
func (l *ListResource) ListResourceConfigSchema(
	_ context.Context,
	_ list.ListResourceSchemaRequest,
	resp *list.ListResourceSchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists API tokens that can be imported as rotating ones. `terraform query` lists them, and " +
			"`-generate-config-out=tokens.tf` writes their `import` and `resource` blocks. Requires Terraform 1.14. Secrets " +
			"are not listed.\n\nCloudfleet does not know which tokens belong together. Two tokens with the same name and role are " +
			"listed as one rotating token, with the one that was updated last, by a new secret or a rename, as the current one. " +
			"Check this before you import them, because **the next rotation " +
			"revokes the secret of the other**. A token whose name and role are unique is listed by itself. Three or more " +
			"with the same name and role are left out, and a warning names them: find their IDs with the list resource " +
			"`cloudfleet_api_token`, and import the two that belong together.\n\nAll tokens are read, whatever the `limit` is: " +
			"the second of a pair may be the last.",
		Attributes: tokenkit.ListFilterAttributes(),
	}
}

// List yields what can be adopted, oldest tokens first. Warnings come first: Terraform
// stops reading when it has as many results as it wants.
func (l *ListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	matches, includeOwn, diags := tokenkit.ListFilter(ctx, req)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	tokens, err := tokenkit.Collect(l.Client.ListTokens(ctx), matches)
	if err != nil {
		stream.Results = list.ListResultsStreamDiagnostics(tokenkit.ListFailure(err))
		return
	}
	adoptable, ambiguous := groupTokens(tokens)
	isOwn := func(t cloudfleet.Token) bool { return l.Client.CallsAs(t.ID) }
	if !includeOwn {
		adoptable = slices.DeleteFunc(adoptable, func(slots []cloudfleet.Token) bool { return slices.ContainsFunc(slots, isOwn) })
	}
	if req.Limit > 0 {
		adoptable = adoptable[:min(int64(len(adoptable)), req.Limit)]
	}
	var results []list.ListResult
	if len(ambiguous) > 0 {
		results = append(results, list.ListResult{Diagnostics: diag.Diagnostics{warnOfAmbiguous(ambiguous)}})
	}
	for _, slots := range adoptable {
		results = append(results, listedRotating(ctx, req, slots, slices.ContainsFunc(slots, isOwn)))
	}
	stream.Results = slices.Values(results)
}

// groupTokens groups tokens by name and role, in the order of the first of each group.
// Groups of one or two can be adopted, with the current token first. In larger groups it
// is not known which belong together.
func groupTokens(tokens []cloudfleet.Token) (adoptable, ambiguous [][]cloudfleet.Token) {
	bySettings, order := map[cloudfleet.TokenSettings][]cloudfleet.Token{}, []cloudfleet.TokenSettings{}
	for _, t := range tokens {
		settings := cloudfleet.TokenSettings{Name: t.Name, Role: t.Role}
		if bySettings[settings] == nil {
			order = append(order, settings)
		}
		bySettings[settings] = append(bySettings[settings], t)
	}
	for _, settings := range order {
		alike := bySettings[settings]
		if len(alike) > 2 {
			ambiguous = append(ambiguous, alike)
			continue
		}
		slices.SortStableFunc(alike, func(a, b cloudfleet.Token) int {
			return cmp.Or(b.UpdatedAt.Compare(a.UpdatedAt), b.CreatedAt.Compare(a.CreatedAt))
		})
		adoptable = append(adoptable, alike)
	}
	return adoptable, ambiguous
}

func warnOfAmbiguous(ambiguous [][]cloudfleet.Token) diag.Diagnostic {
	var b strings.Builder
	for _, alike := range ambiguous {
		fmt.Fprintf(&b, "  - %q (%s): %d tokens\n", alike[0].Name, alike[0].Role, len(alike))
	}
	return diag.NewWarningDiagnostic("API tokens left out", "A rotating token is one or two API tokens with the same name and role. There "+
		"are more of these, and it is not known which belong together:\n\n"+b.String()+
		"\nTo adopt two of them, find their IDs with the list resource "+
		"cloudfleet_api_token and import them as CURRENT,PREVIOUS. Or rename or delete the others, and query again.")
}

// listedRotating is the result of an import and a refresh of the tokens.
func listedRotating(ctx context.Context, req list.ListRequest, slots []cloudfleet.Token, own bool) list.ListResult {
	m := newModel(tokenkit.NewModel(), types.StringValue(slots[0].ID))
	m.setSettings(slots...)
	count := "one token"
	if len(slots) == 2 {
		m.PreviousTokenID, count = types.StringValue(slots[1].ID), "two tokens"
	}
	result := req.NewListResult(ctx)
	result.DisplayName = tokenkit.DisplayName(slots[0], ", "+count, own)
	result.Diagnostics.Append(m.identify(ctx, result.Identity)...)
	if req.IncludeResource {
		result.Diagnostics.Append(result.Resource.Set(ctx, m)...)
	}
	return result
}
