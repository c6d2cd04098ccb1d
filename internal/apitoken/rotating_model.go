package apitoken

import (
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

// rotatingModel is cloudfleet_rotating_api_token in configuration, plan and state.
// Of the state: TokenID is null where the current token was deleted elsewhere, and
// PreviousTokenID where there is no previous one. Name and Role are null where the
// two tokens do not agree, so that any configuration differs from it.
type rotatingModel struct {
	Name            types.String `tfsdk:"name"`
	Role            types.String `tfsdk:"role"`
	RotationTrigger types.String `tfsdk:"rotation_trigger"`
	KeepPrevious    types.Bool   `tfsdk:"keep_previous"`
	TokenID         types.String `tfsdk:"token_id"`
	Secret          types.String `tfsdk:"secret"`
	SecretVersion   types.Int64  `tfsdk:"secret_version"`
	SecretIssuedAt  types.String `tfsdk:"secret_issued_at"`
	PreviousTokenID types.String `tfsdk:"previous_token_id"`
	PreviousSecret  types.String `tfsdk:"previous_secret"`
}

func (m *rotatingModel) settings() cloudfleet.TokenSettings {
	return cloudfleet.TokenSettings{Name: m.Name.ValueString(), Role: cloudfleet.Role(m.Role.ValueString())}
}

// setSettings takes over what all of the tokens agree on.
func (m *rotatingModel) setSettings(tokens ...cloudfleet.Token) {
	first := tokens[0]
	m.Name, m.Role = types.StringValue(first.Name), types.StringValue(string(first.Role))
	for _, t := range tokens {
		if t.Name != first.Name {
			m.Name = types.StringNull()
		}
		if t.Role != first.Role {
			m.Role = types.StringNull()
		}
	}
}

// setCurrent takes over the answer to a create or a regenerate, as the secret after
// the one before.
func (m *rotatingModel) setCurrent(t cloudfleet.Token) {
	m.TokenID = types.StringValue(t.ID)
	m.Secret = types.StringValue(t.Secret)
	m.SecretVersion = types.Int64Value(m.SecretVersion.ValueInt64() + 1)
	m.SecretIssuedAt = timestamp(t.UpdatedAt)
}

// setNoCurrent keeps the version: the next secret is another one.
func (m *rotatingModel) setNoCurrent() {
	m.TokenID, m.Secret, m.SecretIssuedAt = types.StringNull(), types.StringNull(), types.StringNull()
}

func (m *rotatingModel) setNoPrevious() {
	m.PreviousTokenID, m.PreviousSecret = types.StringNull(), types.StringNull()
}

// dropsPrevious tells whether keep_previous is known to be false.
func (m *rotatingModel) dropsPrevious() bool {
	return !m.KeepPrevious.IsUnknown() && !m.KeepPrevious.ValueBool()
}

// swaps tells whether going from before to m makes the current token the previous
// one. A current token that is gone is created again instead, whatever the trigger
// says: that is a new secret already, and the previous one is the only good one.
func (m *rotatingModel) swaps(before *rotatingModel) bool {
	return !before.TokenID.IsNull() && rotates(before.RotationTrigger, m.RotationTrigger)
}

// issues tells whether going from before to m issues a secret.
func (m *rotatingModel) issues(before *rotatingModel) bool {
	return before.TokenID.IsNull() || m.swaps(before)
}

// foresee completes a plan that goes from before to m. The ID of the next current
// token stays unknown even where there is a slot for it: that token may be deleted
// until the apply, which then creates one.
func (m *rotatingModel) foresee(before *rotatingModel) {
	if m.issues(before) {
		m.TokenID, m.Secret = types.StringUnknown(), types.StringUnknown()
		m.SecretVersion, m.SecretIssuedAt = types.Int64Unknown(), types.StringUnknown()
	}
	swaps, hasPrevious := m.swaps(before), !before.PreviousTokenID.IsNull()
	switch {
	case m.dropsPrevious():
		m.setNoPrevious()
	case swaps && m.RotationTrigger.IsUnknown(), m.KeepPrevious.IsUnknown() && (swaps || hasPrevious):
		m.PreviousTokenID, m.PreviousSecret = types.StringUnknown(), types.StringUnknown()
	case swaps:
		m.PreviousTokenID, m.PreviousSecret = before.TokenID, before.Secret
	}
}
