// Package secret has the secret of a token as a state has it: its two forms, who can read
// it, and how a state takes over a secret that it did not issue.
package secret

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
)

// Stored is a secret as a state has it: in plain text, or encrypted for each kind of
// recipients. Both are null if the state does not have it. It is embedded in models.
type Stored struct {
	Secret           types.String `tfsdk:"secret"`
	EncryptedSecrets types.Object `tfsdk:"encrypted_secrets"`
}

// encryptedTypes are the types of the attributes in encrypted_secrets.
var encryptedTypes = map[string]attr.Type{
	kindGitHub.ciphertext: types.StringType, kindAge.ciphertext: types.StringType, kindPGP.ciphertext: types.StringType,
}

// None returns a secret that the state does not have.
func None() Stored { return Stored{types.StringNull(), types.ObjectNull(encryptedTypes)} }

// Unknown returns a secret whose form is not known in the plan either.
func Unknown() Stored { return Stored{types.StringUnknown(), types.ObjectUnknown(encryptedTypes)} }

// IsNull reports whether the state does not have the secret.
func (s Stored) IsNull() bool { return s.Secret.IsNull() && s.EncryptedSecrets.IsNull() }

// Store returns a secret as it is, or encrypted if there are recipients. [Parse] has tried
// the encryption, so that an error is unlikely.
func Store(secret string, recipients Recipients) (Stored, error) {
	stored := None()
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
	stored.EncryptedSecrets = encrypted(ciphertexts)
	return stored, nil
}

// encrypted returns the value of encrypted_secrets. A kind that is left out is null.
func encrypted(ciphertexts map[kind]types.String) types.Object {
	return types.ObjectValueMust(encryptedTypes, map[string]attr.Value{
		kindGitHub.ciphertext: ciphertexts[kindGitHub], kindAge.ciphertext: ciphertexts[kindAge], kindPGP.ciphertext: ciphertexts[kindPGP],
	})
}

// Planned returns a secret that the apply stores: unknown in the form that this value of
// encrypt_to asks for.
func Planned(ctx context.Context, value types.Object) Stored {
	planned := None()
	if value.IsNull() {
		planned.Secret = types.StringUnknown()
		return planned
	}
	var to encryptTo
	if value.IsUnknown() || value.As(ctx, &to, basetypes.ObjectAsOptions{}).HasError() {
		return Unknown()
	}
	given, unknown := to.kinds()
	ciphertexts := map[kind]types.String{}
	for _, k := range append(given, unknown...) {
		ciphertexts[k] = types.StringUnknown()
	}
	planned.EncryptedSecrets = encrypted(ciphertexts)
	return planned
}
