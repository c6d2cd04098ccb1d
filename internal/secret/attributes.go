package secret

import (
	"context"
	"math"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/validate"
)

// Names of the arguments.
const (
	EncryptToName = "encrypt_to"
	wo            = "secret_wo"
	woVersion     = "secret_wo_version"
)

// maxVersion is the largest secret_wo_version: providers agree on 32 bits.
const maxVersion = math.MaxInt32

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

// encryptToTypes are the types of the arguments in encrypt_to.
var encryptToTypes = map[string]attr.Type{
	kindGitHub.argument: types.StringType,
	kindAge.argument:    types.ListType{ElemType: types.StringType},
	kindPGP.argument:    types.StringType,
}

// NoRecipients is encrypt_to without a value.
func NoRecipients() types.Object { return types.ObjectNull(encryptToTypes) }

// Attributes returns the attributes of a secret for the schema of a resource, at its root.
// token names the token. rotation says what a rotation does: "Adding recipients …".
func Attributes(token, rotation string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		EncryptToName: encryptToAttribute(rotation),
		"secret": schema.StringAttribute{
			Computed:  true,
			Sensitive: true,
			MarkdownDescription: "Secret of " + token + ": the password for `docker login`. Stored in the state: use an encrypted " +
				"backend. Null with `encrypt_to`, and after an import until a secret is issued or taken over.",
		},
		"encrypted_secrets": EncryptedAttribute("Secret"),
		wo: schema.StringAttribute{
			Optional: true, WriteOnly: true, Sensitive: true,
			MarkdownDescription: "Present secret of " + token + ", to take over one that the state does not have: after an import, or if it was " +
				"regenerated elsewhere. Requires Terraform 1.11 or OpenTofu 1.11.",
		},
		woVersion: schema.NumberAttribute{
			Optional: true,
			MarkdownDescription: "Version of `" + wo + "`, a whole number from 0. Changing it stores that secret in place of the one in the " +
				"state, after one call has verified it. Nothing is regenerated. No effect when the token is created. Default: none.",
			Validators: []validator.Number{validate.Whole(0, maxVersion)},
		},
	}
}

// EncryptedAttribute is encrypted_secrets in the schema of a resource. secret is the
// subject of its description.
func EncryptedAttribute(secret string) schema.SingleNestedAttribute {
	ciphertext := func(k kind) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: "Ciphertext for `" + k.argument + "`."}
	}
	return schema.SingleNestedAttribute{
		Computed:            true,
		MarkdownDescription: secret + ", encrypted for each argument of `encrypt_to`, else null.",
		Attributes: map[string]schema.Attribute{
			kindGitHub.ciphertext: ciphertext(kindGitHub), kindAge.ciphertext: ciphertext(kindAge), kindPGP.ciphertext: ciphertext(kindPGP),
		},
	}
}

func encryptToAttribute(rotation string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Encrypts the secret so that only these recipients can read it: the secret itself is in no state, plan or log, " +
			"and `encrypted_secrets` has a ciphertext for each argument. Adding, changing or removing recipients " + rotation + ", if the state " +
			"has a secret. Default: none.",
		Attributes: map[string]schema.Attribute{
			kindGitHub.argument: schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "The `key` of the data source `github_actions_public_key`. The ciphertext is the `value_encrypted` of " +
					"`github_actions_secret` (before version 6.12 of that provider `encrypted_value`).",
			},
			kindAge.argument: schema.ListAttribute{
				Optional:    true,
				ElementType: types.StringType,
				MarkdownDescription: "Public keys of [age](https://age-encryption.org), `age1…` (post-quantum keys, `age1pq1…`, cannot " +
					"be mixed with others), or of SSH, `ssh-ed25519 …` or `ssh-rsa …`. `age --decrypt` and the function `age_decrypt` read " +
					"the ciphertext, an armored age file.",
			},
			kindPGP.argument: schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "One public PGP key with a subkey for encryption, armored or in base64. `base64 --decode | gpg " +
					"--decrypt` reads the ciphertext.",
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
