package apitoken

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/sealing"
)

// model is cloudfleet_api_token in configuration, plan and state.
type model struct {
	ID              types.String `tfsdk:"id"`
	Name            types.String `tfsdk:"name"`
	Role            types.String `tfsdk:"role"`
	RotationTrigger types.String `tfsdk:"rotation_trigger"`
	VerifySecret    types.Bool   `tfsdk:"verify_secret"`
	EncryptTo       types.Object `tfsdk:"encrypt_to"`
	Secret          types.String `tfsdk:"secret"`
	EncryptedSecret types.String `tfsdk:"encrypted_secret"`
	SecretVersion   types.Int64  `tfsdk:"secret_version"`
	SecretIssuedAt  types.String `tfsdk:"secret_issued_at"`
	CreatedAt       types.String `tfsdk:"created_at"`
}

func (m *model) settings() cloudfleet.TokenSettings {
	return cloudfleet.TokenSettings{Name: m.Name.ValueString(), Role: cloudfleet.Role(m.Role.ValueString())}
}

// setToken takes over what every answer about a token says.
func (m *model) setToken(t cloudfleet.Token) {
	m.ID = types.StringValue(t.ID)
	m.Name = types.StringValue(t.Name)
	m.Role = types.StringValue(string(t.Role))
	m.CreatedAt = timestamp(t.CreatedAt)
}

// setSecret takes over the secret of an answer to a create or a regenerate, as
// the one after version, and in a form that only the recipients can read if there
// are any.
func (m *model) setSecret(t cloudfleet.Token, version int64, recipients *sealing.Recipients) (diags diag.Diagnostics) {
	m.Secret, m.EncryptedSecret, diags = sealed(t, recipients)
	m.SecretVersion = types.Int64Value(version + 1)
	m.SecretIssuedAt = timestamp(t.UpdatedAt)
	return diags
}

// setNoSecret is for a token whose secret nobody here knows.
func (m *model) setNoSecret() {
	m.Secret = types.StringNull()
	m.EncryptedSecret = types.StringNull()
	m.SecretVersion = types.Int64Value(0)
	m.SecretIssuedAt = types.StringNull()
}

// keepSecret takes over the secret of m before a change that leaves it alone.
func (m *model) keepSecret(before *model) {
	m.Secret = before.Secret
	m.EncryptedSecret = before.EncryptedSecret
	m.SecretVersion = before.SecretVersion
	m.SecretIssuedAt = before.SecretIssuedAt
}

// regenerates tells whether going from before to m regenerates the secret: the
// trigger says so, or the secret was refused and that is looked at, or somebody
// else is to read it.
func (m *model) regenerates(ctx context.Context, before *model, refused bool) bool {
	return rotates(before.RotationTrigger, m.RotationTrigger) || refused && m.VerifySecret.ValueBool() ||
		recipientsChange(ctx, before.EncryptTo, m.EncryptTo)
}

// expectSecret makes the secret unknown in a plan that issues one.
func (m *model) expectSecret() {
	m.Secret, m.EncryptedSecret = expected(m.EncryptTo)
	m.SecretVersion = types.Int64Unknown()
	m.SecretIssuedAt = types.StringUnknown()
}

func timestamp(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339))
}

// rotates tells whether going from one rotation trigger to the other regenerates
// the secret. To begin or to end rotating must not break a token's users, so
// only a value that follows another does. Unknown counts as one that may.
func rotates(before, after types.String) bool {
	return !before.IsNull() && !after.IsNull() && !before.Equal(after)
}

// readableModel is what can be read of a token that exists: all but its secret.
type readableModel struct {
	ID        types.String `tfsdk:"id"`
	Name      types.String `tfsdk:"name"`
	Role      types.String `tfsdk:"role"`
	CreatedAt types.String `tfsdk:"created_at"`
}

const (
	roleDescription      = "`Administrator` pushes and pulls images and manages tokens; `User` pulls."
	createdAtDescription = "When the token was created, RFC 3339 in UTC."
)

func readable(t cloudfleet.Token) readableModel {
	return readableModel{
		ID:        types.StringValue(t.ID),
		Name:      types.StringValue(t.Name),
		Role:      types.StringValue(string(t.Role)),
		CreatedAt: timestamp(t.CreatedAt),
	}
}
