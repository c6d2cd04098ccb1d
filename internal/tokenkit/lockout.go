package tokenkit

import (
	"cmp"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

// Effect is what a change does to one token at Cloudfleet.
type Effect struct {
	ID, Name types.String
	// Deletes and Regenerates: the present secret of the token becomes invalid.
	Deletes, Regenerates bool
	// Schedules: the secret will be regenerated at some age.
	Schedules bool
	// Role is the role that an update sends, whatever the token has now. Null and
	// unknown: none.
	Role types.String
	// Alternative is what the user can do instead of configuring the provider with
	// another token: the end of a sentence, or nothing.
	Alternative string
}

// LeaveToken is the Alternative of a delete.
const LeaveToken = ", or remove only its entry from the state and keep the token (`terraform state rm`, or a `removed` block). If " +
	"create_before_destroy has just created its successor, that would also remove the entry of the successor: then " +
	"delete this token with the credentials of another one"

// CheckLockout reports an error for each effect that would lock the provider out: it
// deletes, demotes or regenerates the provider's own token. It depends on what is done,
// not on why. Effects that are unknown in the plan are checked again in the apply.
func CheckLockout(client *cloudfleet.Client, effects ...Effect) (diags diag.Diagnostics) {
	for _, e := range effects {
		if client == nil || !client.CallsAs(e.ID.ValueString()) {
			continue
		}
		if e.Deletes {
			diags.Append(e.refuse("delete"))
		}
		if role := e.Role.ValueString(); role != "" && role != string(cloudfleet.RoleAdministrator) {
			diags.Append(e.refuse("change the role of"))
		}
		if e.Schedules && !e.Regenerates {
			e.Alternative = ", or use cloudfleet_rotating_api_token for it, which keeps the secret that it replaces"
			diags.Append(e.refuse("schedule the rotation of"))
		}
		if e.Regenerates {
			e.Alternative = cmp.Or(e.Alternative, ", or regenerate it by hand, in the Cloudfleet Console or with `cloudfleet tokens "+
				"regenerate`, and configure the provider with the new secret")
			diags.Append(e.refuse("regenerate the secret of"))
		}
	}
	return diags
}

const ownTokenGuide = "https://github.com/cloudfleet/terraform-provider-cloudfleet/blob/main/docs/guides/authentication.md" +
	"#rotate-the-providers-own-token"

func (e Effect) refuse(verb string) diag.Diagnostic {
	return diag.NewErrorDiagnostic(fmt.Sprintf("Refusing to %s the provider's own API token", verb), fmt.Sprintf(
		"The provider itself uses the API token %s: this run, and every later one, would be locked out. Configure "+
			"the provider with another Administrator token (CLOUDFLEET_ACCESS_TOKEN_ID and CLOUDFLEET_ACCESS_TOKEN_SECRET) "+
			"first%s. %s shows how a pair of tokens rotates the provider's own.",
		label(e.Name, e.ID), e.Alternative, ownTokenGuide))
}
