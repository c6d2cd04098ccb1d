package rotatingtoken

import (
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/secret"
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
	// PreviousEncryptedSecrets is for those who were the recipients when it was issued.
	PreviousEncryptedSecrets types.Object `tfsdk:"previous_encrypted_secrets"`
}

// setSettings stores name and role if all tokens agree on them. A field that an answer
// lacks is ignored.
func (m *model) setSettings(tokens ...cloudfleet.Token) {
	names, roles := map[string]bool{}, map[cloudfleet.Role]bool{}
	for _, t := range tokens {
		m.SetDrift(t)
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

func (m *model) setNoPrevious() { m.setPrevious(types.StringNull(), secret.None()) }

func (m *model) setPrevious(id types.String, stored secret.Stored) {
	m.PreviousTokenID, m.PreviousSecret, m.PreviousEncryptedSecrets = id, stored.Secret, stored.EncryptedSecrets
}

// keep sets what a plan computes to the state, before it is decided what changes.
func (m *model) keep(state *model) {
	m.Keep(&state.Model)
	m.TokenID = state.TokenID
	m.setPrevious(state.PreviousTokenID, secret.Stored{Secret: state.PreviousSecret, EncryptedSecrets: state.PreviousEncryptedSecrets})
}

// readable returns what a Read may change.
func (m *model) readable() [6]types.String {
	return [...]types.String{m.Name, m.Role, m.TokenID, m.PreviousTokenID, m.SecretIssuedAt, m.RotationDue}
}
