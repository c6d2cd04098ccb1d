package tokenkit

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

// Effect is what a change does to one token at Cloudfleet.
type Effect struct {
	ID, Name types.String
	// Deletes and Regenerates: the secret that the token has now becomes invalid.
	Deletes, Regenerates bool
	// Schedules: the secret will be regenerated at some age.
	Schedules bool
	// Role is the role that an update sends, whatever role the token has now. Null and
	// unknown are none.
	Role types.String
	// Alternative is what else the user can do, beside to configure the provider with
	// another token: the end of a sentence, or nothing.
	Alternative string
}

// LeaveToken is the Alternative of a delete.
const LeaveToken = ", or remove only its entry from the state and leave the token as it is (`terraform state rm`, or a `removed` block). " +
	"Where create_before_destroy has just created its successor, that would remove the entry of the successor, too: then delete this " +
	"token with the credentials of another one"

// CheckLockout reports an error for each effect that would lock the provider out:
// it deletes, demotes or regenerates the token that the provider itself works with.
// It looks at what is done and not at why. An effect that is not known in the plan
// is checked again in the apply.
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
			e.Alternative = ", or regenerate it by hand, in the Cloudfleet Console or with `cloudfleet tokens regenerate`, and give the new " +
				"secret to the provider"
			diags.Append(e.refuse("regenerate the secret of"))
		}
	}
	return diags
}

func (e Effect) refuse(verb string) diag.Diagnostic {
	return diag.NewErrorDiagnostic(fmt.Sprintf("Refusing to %s the provider's own API token", verb), fmt.Sprintf(
		"The API token %q (%s) is the one that the provider itself works with: this run, and every later one, would be locked out. "+
			"Configure the provider with another Administrator token (CLOUDFLEET_ACCESS_TOKEN_ID and CLOUDFLEET_ACCESS_TOKEN_SECRET) first%s.",
		e.Name.ValueString(), e.ID.ValueString(), e.Alternative))
}
