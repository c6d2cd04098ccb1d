package tokenkit

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

// Model is what the two token resources have in common in configuration, plan and state.
// It is embedded in their models, and goes along with a `moved` block.
type Model struct {
	StoredSecret
	Name            types.String `tfsdk:"name"`
	Role            types.String `tfsdk:"role"`
	RotationTrigger types.String `tfsdk:"rotation_trigger"`
	RotateAfterDays types.Int64  `tfsdk:"rotate_after_days"`
	RotationDue     types.String `tfsdk:"rotation_due"`
	VerifySecret    types.Bool   `tfsdk:"verify_secret"`
	EncryptTo       types.Object `tfsdk:"encrypt_to"`
	SecretWO        types.String `tfsdk:"secret_wo"`
	SecretVersion   types.Int64  `tfsdk:"secret_version"`
	SecretIssuedAt  types.String `tfsdk:"secret_issued_at"`
}

// NewModel returns a model without a secret in which nothing is set.
func NewModel() Model {
	return Model{StoredSecret: NoSecret(), EncryptTo: types.ObjectNull(EncryptToTypes), SecretVersion: types.Int64Value(0)}
}

// Settings is the body of a create or update. Null and unknown are empty.
func (m *Model) Settings() cloudfleet.TokenSettings {
	return cloudfleet.TokenSettings{Name: m.Name.ValueString(), Role: cloudfleet.Role(m.Role.ValueString())}
}

// SetSecret stores the secret in the answer to a create or a regenerate with this
// version, encrypted if there are recipients.
func (m *Model) SetSecret(t cloudfleet.Token, version types.Int64, recipients Recipients) (diags diag.Diagnostics) {
	m.StoredSecret, diags = encryptSecret(t, recipients)
	m.SecretVersion, m.SecretIssuedAt = version, IssuedAt(t)
	m.Schedule(m.RotateAfterDays)
	return diags
}

// SetNoSecret removes the secret of a token that is gone or was never known. The version
// stays, because the next secret needs a larger one.
func (m *Model) SetNoSecret() {
	m.StoredSecret, m.SecretIssuedAt = NoSecret(), types.StringNull()
	m.Schedule(m.RotateAfterDays)
}

// PlanSecret makes the secret unknown in a plan that issues or adopts one.
func (m *Model) PlanSecret(ctx context.Context) {
	m.StoredSecret = PlannedSecret(ctx, m.EncryptTo)
	m.SecretVersion, m.SecretIssuedAt = types.Int64Unknown(), types.StringUnknown()
}

// AdoptSecret stores a secret from the configuration, unless it is null. It is not known
// when it was issued.
func (m *Model) AdoptSecret(stored StoredSecret) {
	if !stored.IsNull() {
		m.StoredSecret, m.SecretVersion = stored, types.Int64Value(NextVersion(m.SecretVersion.ValueInt64()))
	}
}

// Schedule sets after how many days the secret is rotated, and with it when that is due.
func (m *Model) Schedule(afterDays types.Int64) {
	m.RotateAfterDays, m.RotationDue = afterDays, rotationDue(m.SecretIssuedAt, afterDays)
}

// Change is what an apply does, as far as both token resources decide it in the same way.
type Change struct {
	// Updates: name or role are sent.
	Updates bool
	// Issues: a secret is issued. In a plan it may depend on values that are not known
	// yet; then IssuesIsKnown is false.
	Issues, IssuesIsKnown bool
}

// Decide returns the change from the state of the token with this ID to plan. The
// provider's own secret is never issued again because it was rejected: the provider works
// with it. If adopts is true, a secret from the configuration is encrypted for the
// recipients, so that a change of recipients issues none.
func Decide(ctx context.Context, client *cloudfleet.Client, id types.String, state, plan *Model, memory Memory, adopts bool) Change {
	triggered := rotates(state.RotationTrigger, plan.RotationTrigger)
	due := memory.IsDue(plan.RotateAfterDays)
	recipients := !adopts && recipientsChange(ctx, state.EncryptTo, plan.EncryptTo)
	reissues := memory.Reissue(plan.VerifySecret) && (client == nil || !client.CallsAs(id.ValueString()))
	certain := reissues || triggered && !plan.RotationTrigger.IsUnknown() || due && !plan.RotateAfterDays.IsUnknown() ||
		recipients && recipientsAreKnown(ctx, plan.EncryptTo)
	issues := triggered || due || recipients || reissues
	return Change{
		Updates:       plan.Name.IsUnknown() || plan.Role.IsUnknown() || plan.Settings() != state.Settings(),
		Issues:        issues,
		IssuesIsKnown: !issues || certain,
	}
}
