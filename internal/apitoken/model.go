package apitoken

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/sealing"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

// model is cloudfleet_api_token in configuration, plan and state.
type model struct {
	tokenkit.StoredSecret
	ID              types.String `tfsdk:"id"`
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
	CreatedAt       types.String `tfsdk:"created_at"`
}

func (m *model) settings() cloudfleet.TokenSettings { return tokenkit.Settings(m.Name, m.Role) }

// known is what the absence of the token, or a page of a list, is judged by.
func (m *model) known(memory tokenkit.Memory) cloudfleet.KnownToken {
	return tokenkit.Known(m.ID, m.settings(), memory, m.SecretIssuedAt, m.CreatedAt)
}

// setToken takes over what a read says about the token.
func (m *model) setToken(t cloudfleet.Token) {
	m.ID = types.StringValue(t.ID)
	tokenkit.SetDrift(&m.Name, &m.Role, t)
	if !t.CreatedAt.IsZero() {
		m.CreatedAt = tokenkit.Timestamp(t.CreatedAt)
	}
}

// setSecret takes over the secret of an answer to a create or a regenerate, under
// this version, encrypted if there are recipients.
func (m *model) setSecret(t cloudfleet.Token, version types.Int64, recipients *sealing.Recipients) (diags diag.Diagnostics) {
	m.StoredSecret, diags = tokenkit.EncryptSecret(t, recipients)
	m.SecretVersion = version
	m.SecretIssuedAt = tokenkit.IssuedAt(t)
	return diags
}

// adopt takes over a secret that the configuration handed over, if it did. When it was
// issued is not known.
func (m *model) adopt(stored tokenkit.StoredSecret) {
	if stored.IsNull() {
		return
	}
	m.StoredSecret = stored
	m.SecretVersion = types.Int64Value(tokenkit.NextVersion(m.SecretVersion.ValueInt64()))
}

// schedule sets the days, and with them when the rotation is due.
func (m *model) schedule(afterDays types.Int64) {
	m.RotateAfterDays, m.RotationDue = afterDays, tokenkit.RotationDue(m.SecretIssuedAt, afterDays)
}

// setNoSecret is for a token whose secret nobody here knows.
func (m *model) setNoSecret() {
	m.StoredSecret = tokenkit.NoSecret()
	m.SecretVersion = types.Int64Value(0)
	m.SecretIssuedAt = types.StringNull()
}

// planSecret makes the secret unknown in a plan that issues one.
func (m *model) planSecret() {
	m.StoredSecret = tokenkit.PlannedSecret(m.EncryptTo)
	m.SecretVersion = types.Int64Unknown()
	m.SecretIssuedAt = types.StringUnknown()
}

// transition is what an apply does to a token: decided once from state and plan,
// and read by the plan, the lock-out guard and the update.
type transition struct {
	// updates: name or role are sent.
	updates bool
	// issues: the secret is regenerated. In a plan it may depend on values that are
	// not known yet; then issuesIsKnown is false.
	issues, issuesIsKnown bool
	// adopts: the secret is the one that the configuration hands over.
	adopts bool
	// effect is what the lock-out guard looks at.
	effect tokenkit.Effect
}

// decide returns what goes from state to plan. The secret of the provider's own
// token is never issued again because it was rejected: the provider works with it. A
// secret that is handed over is encrypted for the recipients, so that these are no reason
// to issue one.
func decide(
	ctx context.Context, client *cloudfleet.Client, state, plan *model, memory tokenkit.Memory, adopts bool,
) transition {
	rotates := tokenkit.Rotates(state.RotationTrigger, plan.RotationTrigger)
	due := memory.IsDue(plan.RotateAfterDays)
	recipients := !adopts && tokenkit.RecipientsChange(ctx, state.EncryptTo, plan.EncryptTo)
	reissues := memory.Reissue(plan.VerifySecret) && (client == nil || !client.CallsAs(state.ID.ValueString()))
	t := transition{
		updates: plan.Name.IsUnknown() || plan.Role.IsUnknown() || plan.settings() != state.settings(),
		issues:  rotates || due || recipients || reissues,
	}
	t.adopts = adopts && !t.issues
	certain := reissues || rotates && !plan.RotationTrigger.IsUnknown() || due && !plan.RotateAfterDays.IsUnknown() ||
		recipients && tokenkit.RecipientsAreKnown(ctx, plan.EncryptTo)
	t.issuesIsKnown = !t.issues || certain
	t.effect = tokenkit.Effect{
		ID: state.ID, Name: state.Name, Regenerates: t.issues && t.issuesIsKnown, Schedules: !plan.RotateAfterDays.IsNull(),
	}
	if t.updates {
		t.effect.Role = plan.Role
	}
	return t
}

// readableModel is what can be read of a token that exists: all but its secret.
type readableModel struct {
	ID        types.String `tfsdk:"id"`
	Name      types.String `tfsdk:"name"`
	Role      types.String `tfsdk:"role"`
	CreatedAt types.String `tfsdk:"created_at"`
	UpdatedAt types.String `tfsdk:"updated_at"`
}

const (
	roleDescription      = "`Administrator` pushes and pulls images and manages tokens; `User` pulls."
	createdAtDescription = "When the token was created, RFC 3339 in UTC."
	updatedAtDescription = "When the token was last changed, RFC 3339 in UTC: created, renamed or regenerated. A token that was regenerated " +
		"yesterday is not old. Null if Cloudfleet does not say."
)

func readable(t cloudfleet.Token) readableModel {
	return readableModel{
		ID:        types.StringValue(t.ID),
		Name:      types.StringValue(t.Name),
		Role:      types.StringValue(string(t.Role)),
		CreatedAt: tokenkit.Timestamp(t.CreatedAt),
		UpdatedAt: tokenkit.Timestamp(t.UpdatedAt),
	}
}
