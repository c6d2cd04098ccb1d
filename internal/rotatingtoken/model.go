package rotatingtoken

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

// model is cloudfleet_rotating_api_token in configuration, plan and state. In the state,
// TokenID is null if the current token was deleted elsewhere, and PreviousTokenID if
// there is no previous one. Name and Role are null if the two tokens differ, so that
// every configuration differs from the state.
type model struct {
	tokenkit.Model
	KeepPrevious    types.Bool   `tfsdk:"keep_previous"`
	TokenID         types.String `tfsdk:"token_id"`
	PreviousTokenID types.String `tfsdk:"previous_token_id"`
	PreviousSecret  types.String `tfsdk:"previous_secret"`
	// PreviousEncryptedSecret and PreviousEncryptedSecrets are for those who were the
	// recipients when it was issued.
	PreviousEncryptedSecret  types.String `tfsdk:"previous_encrypted_secret"`
	PreviousEncryptedSecrets types.Object `tfsdk:"previous_encrypted_secrets"`
	PreviousSecretWO         types.String `tfsdk:"previous_secret_wo"`
}

// known returns what is known of one of the tokens, by which a 404 or a page of a list is
// judged.
func (m *model) known(id types.String, memory tokenkit.Memory) cloudfleet.KnownToken {
	return tokenkit.Known(id, m.Settings(), memory, m.SecretIssuedAt)
}

// setSettings stores name and role if all tokens agree on them. A field that an answer
// lacks is ignored.
func (m *model) setSettings(tokens ...cloudfleet.Token) {
	names, roles := map[string]bool{}, map[cloudfleet.Role]bool{}
	for _, t := range tokens {
		tokenkit.SetDrift(&m.Name, &m.Role, t)
		if t.Name != "" {
			names[t.Name] = true
		}
		if t.Role != "" {
			roles[t.Role] = true
		}
	}
	if len(names) > 1 {
		m.Name = types.StringNull()
	}
	if len(roles) > 1 {
		m.Role = types.StringNull()
	}
}

// setCurrent stores the answer to a create or a regenerate, with this version.
func (m *model) setCurrent(t cloudfleet.Token, version types.Int64, recipients tokenkit.Recipients) diag.Diagnostics {
	m.TokenID = types.StringValue(t.ID)
	return m.SetSecret(t, version, recipients)
}

func (m *model) setNoCurrent() {
	m.TokenID = types.StringNull()
	m.SetNoSecret()
}

// newModel returns a model of one token, which is the current one.
func newModel(shared tokenkit.Model, tokenID types.String) *model {
	m := &model{Model: shared, TokenID: tokenID, KeepPrevious: types.BoolValue(true)}
	m.setNoPrevious()
	return m
}

func (m *model) setNoPrevious() {
	m.PreviousTokenID = types.StringNull()
	m.setPreviousSecret(tokenkit.NoSecret())
}

// setPrevious makes the token that is current in state the previous one.
func (m *model) setPrevious(state *model) {
	m.PreviousTokenID = state.TokenID
	m.setPreviousSecret(state.StoredSecret)
}

func (m *model) previousSecret() tokenkit.StoredSecret {
	return tokenkit.StoredSecret{
		Secret:           m.PreviousSecret,
		EncryptedSecret:  m.PreviousEncryptedSecret,
		EncryptedSecrets: m.PreviousEncryptedSecrets,
	}
}

func (m *model) setPreviousSecret(stored tokenkit.StoredSecret) {
	m.PreviousSecret, m.PreviousEncryptedSecret, m.PreviousEncryptedSecrets = stored.Secret, stored.EncryptedSecret, stored.EncryptedSecrets
}

// planCurrent makes the current token unknown in a plan that issues a secret.
func (m *model) planCurrent(ctx context.Context) {
	m.TokenID = types.StringUnknown()
	m.PlanSecret(ctx)
}
