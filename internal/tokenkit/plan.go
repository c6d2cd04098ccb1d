package tokenkit

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/secret"
)

// Change is what an apply does, as far as both token resources decide it in the same way.
type Change struct {
	// Updates: name or role are sent.
	Updates bool
	// Adopts: the secret is the one in secret_wo. It comes before an issue. In a plan it may
	// depend on values that are not known yet; then AdoptsIsKnown is false.
	Adopts, AdoptsIsKnown bool
	// Issues: a secret is issued.
	Issues, IssuesIsKnown bool
}

// Decide returns the change from the state of the token with this ID to plan. The
// provider's own secret is never issued again because it was rejected: the provider works
// with it. A secret that is taken over is neither rejected nor old, and is encrypted for
// the recipients, so that only a trigger issues another one. New recipients of a secret
// that the state does not have issue none: clients may use it.
func Decide(ctx context.Context, client *cloudfleet.Client, id types.String, state, plan *Model, memory Memory) Change {
	triggered := rotates(state.RotationTrigger, plan.RotationTrigger)
	adopts, certain := secret.Adopts(state.SecretWOVersion, plan.SecretWOVersion)
	c := Change{
		Updates: plan.Name.IsUnknown() || plan.Role.IsUnknown() || plan.Settings() != state.Settings(),
		Adopts:  adopts, AdoptsIsKnown: certain,
		Issues: triggered,
	}
	c.IssuesIsKnown = !triggered || !plan.RotationTrigger.IsUnknown()
	if triggered && c.IssuesIsKnown || adopts && certain {
		return c
	}
	due := memory.isDue(plan.RotateAfterDays)
	recipients := !state.IsNull() && secret.RecipientsChange(ctx, state.EncryptTo, plan.EncryptTo)
	reissues := memory.reissue(plan.VerifySecret) && (client == nil || !client.CallsAs(id.ValueString()))
	known := reissues || due && !plan.RotateAfterDays.IsUnknown() || recipients && secret.RecipientsAreKnown(ctx, plan.EncryptTo)
	if due || recipients || reissues {
		c.Issues, c.IssuesIsKnown = true, known && !adopts
	}
	return c
}

// rotates reports whether a change of rotation_trigger issues a secret. Only one value
// after another does, so that adding or removing the trigger does not affect the token's
// clients. Unknown counts as another value.
func rotates(before, after types.String) bool {
	return !before.IsNull() && !after.IsNull() && !before.Equal(after)
}

// StoresASecret reports whether it is certain that the state gets a secret.
func (c Change) StoresASecret() bool {
	return c.Issues && c.IssuesIsKnown || c.Adopts && c.AdoptsIsKnown
}

// PlanSecret makes the secret unknown in a plan that issues one or takes one over. If that
// is not certain, there may be none, as after an import.
func (m *Model) PlanSecret(ctx context.Context, certain bool) {
	m.Stored = secret.Planned(ctx, m.EncryptTo)
	if !certain && !m.EncryptedSecrets.IsNull() {
		m.EncryptedSecrets = secret.Unknown().EncryptedSecrets
	}
	m.SecretVersion, m.SecretIssuedAt = types.Int64Unknown(), types.StringUnknown()
}

// Notes returns the warnings of a plan that both resources share.
func (c Change) Notes(id types.String, state, plan *Model, memory Memory) (diags diag.Diagnostics) {
	if c.Issues || c.Adopts {
		return nil
	}
	diags.Append(memory.warnOfUnknownAge(state, plan)...)
	if time.Since(memory.Since) < importTime && state.SecretVersion.ValueInt64() == 0 {
		diags.AddWarning("The secret of the imported API token "+state.Label(id)+" is not known",
			"Cloudfleet shows a secret only once, so secret is null and secret_version 0. A resource that uses the secret gets null, and "+
				"overwrites the one that it has. If you have the secret, set secret_wo to it and secret_wo_version to 1. Otherwise do not "+
				"connect a resource to it yet. To issue a secret, which revokes the present one, apply one rotation_trigger and then "+
				"another. Where a precondition needs the secret, apply both with -target for this resource only.")
	}
	return diags
}

// importTime is how long after an import plans warn of it. `terraform import` itself
// makes no plan.
const importTime = 10 * time.Minute

// WarnOfRevocation warns in a plan which secrets the apply revokes, or may revoke if that
// is not certain yet. It returns nothing for no secrets.
func WarnOfRevocation(label string, certain bool, secrets ...string) (diags diag.Diagnostics) {
	verb := "revokes"
	if !certain {
		verb = "may revoke"
	}
	if len(secrets) > 0 {
		diags.AddWarning(fmt.Sprintf("The apply %s a secret of API token %s", verb, label),
			"Clients that still use it are then rejected:\n\n  - "+strings.Join(secrets, "\n  - "))
	}
	return diags
}

// CheckOurs refuses a state without an ID: Terraform passes the state of another type on
// as it is after a chain of `moved` blocks. typeName is that of the resource.
func CheckOurs(typeName string, state *Model, ids ...types.String) (diags diag.Diagnostics) {
	for _, id := range ids {
		if !id.IsNull() {
			return nil
		}
	}
	name := ""
	if !state.Name.IsNull() {
		name = fmt.Sprintf(" of %q", state.Name.ValueString())
	}
	diags.AddError(
		"This is not the state of a "+typeName,
		fmt.Sprintf("The state%s has no token ID, as after two moved blocks in a chain: one "+
			"changes the type, and the other the name. Nothing was changed. Apply one moved block that goes directly from the first address to "+
			"the last. If that is not possible: `terraform state rm` removes the resource from the state and keeps the token, and an import "+
			"by its ID brings it back. The ID is in the Cloudfleet Console under API tokens.", name),
	)
	return diags
}
