package tokenkit

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

// StoredSecret is a secret as a state has it: in plain text, encrypted for recipients of
// one kind, or encrypted for each of several kinds. All three are null if the state does
// not have it. It is embedded in models.
type StoredSecret struct {
	Secret           types.String `tfsdk:"secret"`
	EncryptedSecret  types.String `tfsdk:"encrypted_secret"`
	EncryptedSecrets types.Object `tfsdk:"encrypted_secrets"`
}

// encryptedSecretsTypes are the types of the attributes in encrypted_secrets.
var encryptedSecretsTypes = map[string]attr.Type{
	kindGitHub.ciphertext: types.StringType, kindAge.ciphertext: types.StringType, kindPGP.ciphertext: types.StringType,
}

// EncryptedSecretsAttribute is encrypted_secrets in the schema of a resource. secret is
// the subject of its description, and beside the attribute for recipients of one kind.
func EncryptedSecretsAttribute(secret, beside string) schema.SingleNestedAttribute {
	ciphertext := func(k kind) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: "Ciphertext for `" + k.argument + "`. Null without it."}
	}
	return schema.SingleNestedAttribute{
		Computed: true,
		MarkdownDescription: secret + ", encrypted for each argument of `encrypt_to`, if that has several. Null otherwise: then `" + beside +
			"` has the ciphertext.",
		Attributes: map[string]schema.Attribute{
			kindGitHub.ciphertext: ciphertext(kindGitHub), kindAge.ciphertext: ciphertext(kindAge), kindPGP.ciphertext: ciphertext(kindPGP),
		},
		PlanModifiers: []planmodifier.Object{objectplanmodifier.UseStateForUnknown()},
	}
}

// NoSecret returns a secret that the state does not have.
func NoSecret() StoredSecret {
	return StoredSecret{types.StringNull(), types.StringNull(), types.ObjectNull(encryptedSecretsTypes)}
}

// UnknownSecret returns a secret whose form is not known in the plan either.
func UnknownSecret() StoredSecret {
	return StoredSecret{types.StringUnknown(), types.StringUnknown(), types.ObjectUnknown(encryptedSecretsTypes)}
}

// IsNull reports whether the state does not have the secret.
func (s StoredSecret) IsNull() bool {
	return s.Secret.IsNull() && s.EncryptedSecret.IsNull() && s.EncryptedSecrets.IsNull()
}

// encryptSecret returns the secret of a token that was just issued: as it is, or encrypted
// if there are recipients.
func encryptSecret(t cloudfleet.Token, recipients Recipients) (stored StoredSecret, diags diag.Diagnostics) {
	stored, err := storedSecret(t.Secret, recipients)
	if err != nil {
		diags.AddError("Could not encrypt the secret of API token "+t.ID,
			tfdiag.Sentence(err)+" The secret is lost. Change rotation_trigger to have another one issued.")
	}
	return stored, diags
}

func storedSecret(secret string, recipients Recipients) (StoredSecret, error) {
	stored := NoSecret()
	if len(recipients) == 0 {
		stored.Secret = types.StringValue(secret)
		return stored, nil
	}
	ciphertexts := map[kind]types.String{}
	for _, one := range recipients {
		ciphertext, err := one.Seal(secret)
		if err != nil {
			return stored, err
		}
		ciphertexts[one.kind] = types.StringValue(ciphertext)
	}
	if len(ciphertexts) == 1 {
		stored.EncryptedSecret = ciphertexts[recipients[0].kind]
		return stored, nil
	}
	stored.EncryptedSecrets = encryptedSecrets(ciphertexts)
	return stored, nil
}

// encryptedSecrets returns the value of the attribute. A kind that is left out is null.
func encryptedSecrets(ciphertexts map[kind]types.String) types.Object {
	return types.ObjectValueMust(encryptedSecretsTypes, map[string]attr.Value{
		kindGitHub.ciphertext: ciphertexts[kindGitHub], kindAge.ciphertext: ciphertexts[kindAge], kindPGP.ciphertext: ciphertexts[kindPGP],
	})
}

// PlannedSecret returns the secret in a plan that issues one: unknown in the form that
// encrypt_to asks for.
func PlannedSecret(ctx context.Context, value types.Object) StoredSecret {
	planned := NoSecret()
	if value.IsNull() {
		planned.Secret = types.StringUnknown()
		return planned
	}
	var to encryptTo
	if value.IsUnknown() || value.As(ctx, &to, basetypes.ObjectAsOptions{}).HasError() {
		return UnknownSecret()
	}
	given, mayBe := to.kinds()
	switch {
	case len(given)+len(mayBe) < 2:
		planned.EncryptedSecret = types.StringUnknown()
	case len(given) < 2:
		planned.EncryptedSecret, planned.EncryptedSecrets = types.StringUnknown(), types.ObjectUnknown(encryptedSecretsTypes)
	default:
		ciphertexts := map[kind]types.String{}
		for _, k := range append(given, mayBe...) {
			ciphertexts[k] = types.StringUnknown()
		}
		planned.EncryptedSecrets = encryptedSecrets(ciphertexts)
	}
	return planned
}
