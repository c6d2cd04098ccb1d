package tokenkit

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// EncryptToName is the name of the argument encrypt_to.
const EncryptToName = "encrypt_to"

// kind is a kind of recipients: the name of its argument in encrypt_to, and that of its
// ciphertext in encrypted_secrets.
type kind struct{ argument, ciphertext string }

var (
	kindGitHub = kind{"github_public_key", "github"}
	kindAge    = kind{"age_recipients", "age"}
	kindPGP    = kind{"pgp_key", "pgp"}
)

// encryptTo is the value of encrypt_to. In a model it is a types.Object, because it may
// be unknown as a whole.
type encryptTo struct {
	GitHubPublicKey types.String `tfsdk:"github_public_key"`
	AgeRecipients   types.List   `tfsdk:"age_recipients"`
	PGPKey          types.String `tfsdk:"pgp_key"`
}

// EncryptToTypes are the types of the arguments in encrypt_to.
var EncryptToTypes = map[string]attr.Type{
	kindGitHub.argument: types.StringType,
	kindAge.argument:    types.ListType{ElemType: types.StringType},
	kindPGP.argument:    types.StringType,
}

// EncryptToAttribute is encrypt_to in the schema of a resource, at its root. toChangeThem
// continues "Adding, changing or removing recipients".
func EncryptToAttribute(toChangeThem string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Encrypts the secret so that only these recipients can read it: `secret` is null, and the secret itself is " +
			"in no state, plan or log. Set one argument, and `encrypted_secret` has the ciphertext; or several, and `encrypted_secrets` " +
			"has one for each, such as for GitHub and for an age key that is kept for emergencies. Adding, changing or removing recipients " +
			toChangeThem +
			". The order of the keys, comments and white space do not count.",
		Attributes: map[string]schema.Attribute{
			kindGitHub.argument: schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "The attribute `key` of the data source `github_actions_public_key`. The ciphertext is what " +
					"`github_actions_secret` takes as `value_encrypted` (before version 6.12 of that provider `encrypted_value`), with " +
					"the data source's `key_id`.",
			},
			kindAge.argument: schema.ListAttribute{
				Optional:    true,
				ElementType: types.StringType,
				MarkdownDescription: "Public keys of [age](https://age-encryption.org), `age1…` (post-quantum keys, `age1pq1…`, cannot " +
					"be mixed with others), or of SSH, `ssh-ed25519 …` or `ssh-rsa …`. Each of their owners can read the ciphertext, an " +
					"armored age file, with `age --decrypt` or the function `age_decrypt`.",
			},
			kindPGP.argument: schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "One public PGP key with a subkey for encryption, armored or in base64. The ciphertext is a PGP " +
					"message in base64: `base64 --decode | gpg --decrypt` reads it. A `keybase:` name is not supported.",
			},
		},
		Validators: []validator.Object{recipientsValidator{}},
	}
}

// recipientsValidator reports keys that cannot be encrypted to, except for expired ones:
// these are an error only when there is something to encrypt.
type recipientsValidator struct{}

func (recipientsValidator) Description(context.Context) string {
	return "keys that can be encrypted to"
}

func (v recipientsValidator) MarkdownDescription(ctx context.Context) string {
	return v.Description(ctx)
}

// ValidateObject validates what is known.
func (recipientsValidator) ValidateObject(ctx context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	if _, at, err := parseRecipients(ctx, req.ConfigValue); err != nil {
		resp.Diagnostics.Append(keyError(at, err))
	}
}
