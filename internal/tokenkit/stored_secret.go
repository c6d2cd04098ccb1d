package tokenkit

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/sealing"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

// StoredSecret is a secret as a state has it: in plain text or encrypted. Both are null if
// the state does not have it. It is embedded in models.
type StoredSecret struct {
	Secret          types.String `tfsdk:"secret"`
	EncryptedSecret types.String `tfsdk:"encrypted_secret"`
}

// NoSecret returns a secret that the state does not have.
func NoSecret() StoredSecret {
	return StoredSecret{types.StringNull(), types.StringNull()}
}

// UnknownSecret returns a secret of which a plan does not know the form either.
func UnknownSecret() StoredSecret {
	return StoredSecret{types.StringUnknown(), types.StringUnknown()}
}

// IsNull reports whether the state does not have the secret.
func (s StoredSecret) IsNull() bool { return s.Secret.IsNull() && s.EncryptedSecret.IsNull() }

// EncryptSecret returns the secret of a token that was just issued: as it is, or encrypted
// if there are recipients.
func EncryptSecret(t cloudfleet.Token, recipients *sealing.Recipients) (stored StoredSecret, diags diag.Diagnostics) {
	stored = NoSecret()
	if recipients == nil {
		stored.Secret = types.StringValue(t.Secret)
		return stored, nil
	}
	ciphertext, err := recipients.Seal(t.Secret)
	if err != nil {
		diags.AddError(
			"Could not encrypt the secret of API token "+t.ID,
			tfdiag.Sentence(err)+" The secret is lost. Change rotation_trigger to have another one issued.",
		)
		return stored, diags
	}
	stored.EncryptedSecret = types.StringValue(ciphertext)
	return stored, nil
}

// PlannedSecret returns the secret in a plan that issues one. Which form it will have is known
// as soon as it is known whether it will be encrypted.
func PlannedSecret(encryptTo types.Object) StoredSecret {
	planned := NoSecret()
	if encryptTo.IsNull() || encryptTo.IsUnknown() {
		planned.Secret = types.StringUnknown()
	}
	if !encryptTo.IsNull() {
		planned.EncryptedSecret = types.StringUnknown()
	}
	return planned
}
