package apitoken

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/sealing"
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
	EncryptTo       types.Object `tfsdk:"encrypt_to"`
	TokenID         types.String `tfsdk:"token_id"`
	Secret          types.String `tfsdk:"secret"`
	EncryptedSecret types.String `tfsdk:"encrypted_secret"`
	SecretVersion   types.Int64  `tfsdk:"secret_version"`
	SecretIssuedAt  types.String `tfsdk:"secret_issued_at"`
	PreviousTokenID types.String `tfsdk:"previous_token_id"`
	PreviousSecret  types.String `tfsdk:"previous_secret"`
	// PreviousEncryptedSecret is for whoever the recipients were when it was issued.
	PreviousEncryptedSecret types.String `tfsdk:"previous_encrypted_secret"`
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
func (m *rotatingModel) setCurrent(t cloudfleet.Token, recipients *sealing.Recipients) (diags diag.Diagnostics) {
	m.TokenID = types.StringValue(t.ID)
	m.Secret, m.EncryptedSecret, diags = sealed(t, recipients)
	m.SecretVersion = types.Int64Value(m.SecretVersion.ValueInt64() + 1)
	m.SecretIssuedAt = timestamp(t.UpdatedAt)
	return diags
}

// setNoCurrent keeps the version: the next secret is another one.
func (m *rotatingModel) setNoCurrent() {
	m.TokenID, m.SecretIssuedAt = types.StringNull(), types.StringNull()
	m.Secret, m.EncryptedSecret = types.StringNull(), types.StringNull()
}

func (m *rotatingModel) setNoPrevious() {
	m.PreviousTokenID, m.PreviousSecret, m.PreviousEncryptedSecret = types.StringNull(), types.StringNull(), types.StringNull()
}

// dropsPrevious tells whether keep_previous is known to be false.
func (m *rotatingModel) dropsPrevious() bool {
	return !m.KeepPrevious.IsUnknown() && !m.KeepPrevious.ValueBool()
}

// swaps tells whether going from before to m makes the current token the previous
// one: the trigger says so, or somebody else is to read the secret. A current token
// that is gone is created again instead, whatever the trigger says: that is a new
// secret already, and the previous one is the only good one.
func (m *rotatingModel) swaps(ctx context.Context, before *rotatingModel) bool {
	return !before.TokenID.IsNull() &&
		(rotates(before.RotationTrigger, m.RotationTrigger) || recipientsChange(ctx, before.EncryptTo, m.EncryptTo))
}

// surelySwaps tells whether it does so whatever the values are that are not known yet.
func (m *rotatingModel) surelySwaps(ctx context.Context, before *rotatingModel) bool {
	known := *m
	if m.RotationTrigger.IsUnknown() {
		known.RotationTrigger = before.RotationTrigger
	}
	if recipients, _, _ := parseRecipients(ctx, m.EncryptTo); recipients == nil && !m.EncryptTo.IsNull() {
		known.EncryptTo = before.EncryptTo
	}
	return known.swaps(ctx, before)
}

// issues tells whether going from before to m issues a secret.
func (m *rotatingModel) issues(ctx context.Context, before *rotatingModel) bool {
	return before.TokenID.IsNull() || m.swaps(ctx, before)
}

// foresee completes a plan that goes from before to m. The ID of the next current
// token stays unknown even where there is a slot for it: that token may be deleted
// until the apply, which then creates one.
func (m *rotatingModel) foresee(ctx context.Context, before *rotatingModel) {
	if m.issues(ctx, before) {
		m.expectCurrent()
	}
	swaps, hasPrevious := m.swaps(ctx, before), !before.PreviousTokenID.IsNull()
	switch {
	case m.dropsPrevious():
		m.setNoPrevious()
	case swaps && !m.surelySwaps(ctx, before), m.KeepPrevious.IsUnknown() && (swaps || hasPrevious):
		m.PreviousTokenID, m.PreviousSecret, m.PreviousEncryptedSecret = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
	case swaps:
		m.setPrevious(before)
	}
}

// expectCurrent makes the current token unknown in a plan that issues a secret.
func (m *rotatingModel) expectCurrent() {
	m.TokenID = types.StringUnknown()
	m.Secret, m.EncryptedSecret = expected(m.EncryptTo)
	m.SecretVersion, m.SecretIssuedAt = types.Int64Unknown(), types.StringUnknown()
}

// setPrevious makes the token that is current in before the previous one.
func (m *rotatingModel) setPrevious(before *rotatingModel) {
	m.PreviousTokenID, m.PreviousSecret, m.PreviousEncryptedSecret = before.TokenID, before.Secret, before.EncryptedSecret
}
