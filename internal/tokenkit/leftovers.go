package tokenkit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

// MayBeCreated is the consequence of a create that the server may have carried out.
const MayBeCreated = "Cloudfleet may have created the token. Its secret is then lost: look for a token of this name that is not in " +
	"the state (the data source cloudfleet_api_tokens lists them), and delete it."

// CreatedWithoutSecret is the consequence of a create whose answer has the ID of a token
// and no secret.
func CreatedWithoutSecret(id string) string {
	return fmt.Sprintf(
		"Cloudfleet has created the token %s without returning its secret. It is in the state as tainted: the next apply "+
			"replaces it.",
		id,
	)
}

// WarnOfLeftovers warns of tokens that a create may have left behind after its first
// answer was lost. It deletes nothing, because that is a guess. known are IDs of other
// tokens that are no leftovers.
func WarnOfLeftovers(
	ctx context.Context,
	client *cloudfleet.Client,
	token cloudfleet.Token,
	ambiguous time.Duration,
	known ...string,
) diag.Diagnostics {
	var diags diag.Diagnostics
	summary := fmt.Sprintf("API token %q may have been created twice", token.Name)
	began := fmt.Sprintf(
		"The first attempt to create it got no answer, so it was sent again. The token of the last answer is %s.",
		token.ID,
	)
	leftovers, err := client.Leftovers(ctx, token, ambiguous)
	if err != nil {
		diags.AddWarning(summary, began+" It is not known whether the first attempt created one, too: "+tfdiag.Sentence(err)+
			"\n\nLook for another token of this name and role (the data source cloudfleet_api_tokens lists them). If nothing uses "+
			"it, delete it.")
		return diags
	}
	leftovers = slices.DeleteFunc(leftovers, func(t cloudfleet.Token) bool { return slices.Contains(known, t.ID) })
	if len(leftovers) == 0 {
		return diags
	}
	var list strings.Builder
	for _, t := range leftovers {
		fmt.Fprintf(&list, "  - %s, created at %s\n", t.ID, Timestamp(t.CreatedAt).ValueString())
	}
	diags.AddWarning(summary, began+" These have the same name and role, and were created at the same time:\n\n"+list.String()+
		"\nUnless it belongs to another resource or person, the secret of such a token is lost. Delete it in the Cloudfleet Console under "+
		"API tokens, or with `cloudfleet tokens delete`.")
	return diags
}
