package tokenkit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/sealing"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

// EncryptToName is the name of the argument encrypt_to.
const EncryptToName = "encrypt_to"

const (
	githubPublicKeyName = "github_public_key"
	ageRecipientsName   = "age_recipients"
	pgpKeyName          = "pgp_key"
)

// encryptTo is the argument encrypt_to. In a resource's model it is a types.Object,
// because it may be unknown as a whole.
type encryptTo struct {
	GitHubPublicKey types.String `tfsdk:"github_public_key"`
	AgeRecipients   types.List   `tfsdk:"age_recipients"`
	PGPKey          types.String `tfsdk:"pgp_key"`
}

// EncryptToTypes are the types of the arguments in encrypt_to.
var EncryptToTypes = map[string]attr.Type{
	githubPublicKeyName: types.StringType,
	ageRecipientsName:   types.ListType{ElemType: types.StringType},
	pgpKeyName:          types.StringType,
}

// EncryptToAttribute is encrypt_to in the schema of a resource, at its root. What
// other recipients mean for the resource follows "to add, change or remove
// recipients".
func EncryptToAttribute(toChangeThem string) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Encrypts the secret so that only these recipients can read it. Set exactly one argument. Then " +
			"`secret` is null, `encrypted_secret` " +
			"has the ciphertext, and the secret itself is in no state, plan or log. To add, change or remove recipients " + toChangeThem +
			"; the order of the keys, comments and white space do not count.",
		Attributes: map[string]schema.Attribute{
			githubPublicKeyName: schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "The attribute `key` of the data source `github_actions_public_key`. The ciphertext is what " +
					"`github_actions_secret` takes as `value_encrypted` (before version 6.12 of that provider `encrypted_value`), with the data " +
					"source's `key_id`.",
			},
			ageRecipientsName: schema.ListAttribute{
				Optional:    true,
				ElementType: types.StringType,
				MarkdownDescription: "Public keys of [age](https://age-encryption.org), `age1…` (post-quantum ones, `age1pq1…`, only by " +
					"themselves), or of SSH, `ssh-ed25519 …` or `ssh-rsa …`. Each of " +
					"their owners can read the ciphertext, an armored age file, with `age --decrypt` or the function `age_decrypt`.",
			},
			pgpKeyName: schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "One public PGP key with a subkey for encryption, armored or in base64. The ciphertext is a PGP message in " +
					"base64: `base64 --decode | gpg --decrypt` reads it. A `keybase:` name is not supported.",
			},
		},
		Validators: []validator.Object{recipientsValidator{}},
	}
}

// RecipientsFor returns the recipients of a value of encrypt_to, to whom a secret can be
// sealed now. They are nil, without an error, if the value is null or it is not known
// yet who they are: so, in an apply, if it is null and at no other time. It is called
// before a secret is issued, because nobody would have a secret that cannot be sealed.
func RecipientsFor(ctx context.Context, value types.Object) (*sealing.Recipients, diag.Diagnostics) {
	recipients, at, err := parseRecipients(ctx, value)
	if recipients != nil {
		_, err = recipients.Seal("")
	}
	if err != nil {
		return nil, diag.Diagnostics{keyError(at, err)}
	}
	return recipients, nil
}

// RecipientsChange reports whether going from one value of encrypt_to to the other
// changes who can read the secret. Unknown counts as a value that may.
func RecipientsChange(ctx context.Context, before, after types.Object) bool {
	if before.Equal(after) {
		return false
	}
	old, _, oldErr := parseRecipients(ctx, before)
	recipients, _, err := parseRecipients(ctx, after)
	if oldErr != nil || err != nil || old == nil || recipients == nil {
		return true
	}
	return old.Canonical() != recipients.Canonical()
}

// RecipientsAreKnown reports whether a value of encrypt_to is known as far as it says
// who the recipients are.
func RecipientsAreKnown(ctx context.Context, value types.Object) bool {
	recipients, _, _ := parseRecipients(ctx, value)
	return recipients != nil || value.IsNull()
}

// parseRecipients returns the recipients, or nil if there are none or they are not
// known, and where in the configuration an error is. It counts the arguments itself,
// so that a value without a recipient never passes for no encrypt_to at all.
func parseRecipients(ctx context.Context, value types.Object) (*sealing.Recipients, path.Path, error) {
	at := path.Root(EncryptToName)
	if value.IsNull() || value.IsUnknown() {
		return nil, at, nil
	}
	var to encryptTo
	if diags := value.As(ctx, &to, basetypes.ObjectAsOptions{}); diags.HasError() {
		return nil, at, errors.New(diags[0].Detail())
	}
	given, allKnown := to.given()
	switch {
	case len(given) > 1:
		for _, name := range given {
			if _, err := to.parse(ctx, name); isPrivateKey(err) {
				return nil, at.AtName(name), err
			}
		}
		return nil, at, fmt.Errorf("it has %s: give one of them, because a secret has one ciphertext", strings.Join(given, " and "))
	case len(given) == 0 && allKnown:
		return nil, at, fmt.Errorf("it names no recipient: give one of %s, %s and %s", githubPublicKeyName, ageRecipientsName, pgpKeyName)
	case len(given) == 0:
		return nil, at, nil
	}
	recipients, err := to.parse(ctx, given[0])
	return recipients, at.AtName(given[0]), err
}

// given returns the names of the arguments that are known and not null, and whether
// there are no others that may be. A list counts as known if its elements are.
func (to *encryptTo) given() (names []string, allKnown bool) {
	allKnown = true
	isUnknown := func(v attr.Value) bool { return v.IsUnknown() }
	for _, argument := range []struct {
		name  string
		value attr.Value
	}{{githubPublicKeyName, to.GitHubPublicKey}, {ageRecipientsName, to.AgeRecipients}, {pgpKeyName, to.PGPKey}} {
		list, _ := argument.value.(types.List)
		switch {
		case argument.value.IsUnknown() || slices.ContainsFunc(list.Elements(), isUnknown):
			allKnown = false
		case !argument.value.IsNull():
			names = append(names, argument.name)
		}
	}
	return names, allKnown
}

func (to *encryptTo) parse(ctx context.Context, name string) (*sealing.Recipients, error) {
	switch name {
	case githubPublicKeyName:
		return sealing.ParseGitHubPublicKey(to.GitHubPublicKey.ValueString())
	case pgpKeyName:
		return sealing.ParsePGPKey(to.PGPKey.ValueString())
	}
	var elements []types.String
	if diags := to.AgeRecipients.ElementsAs(ctx, &elements, false); diags.HasError() {
		return nil, errors.New(diags[0].Detail())
	}
	keys := make([]string, len(elements))
	for i, element := range elements {
		keys[i] = element.ValueString() // empty for null, and refused like that
	}
	return sealing.ParseAgeRecipients(keys)
}

func isPrivateKey(err error) bool {
	_, isPrivate := errors.AsType[*sealing.PrivateKeyError](err)
	return isPrivate
}

// keyError is an error at the argument, but for a private key: there the CLI could
// print the line of the configuration that has it.
func keyError(at path.Path, err error) diag.Diagnostic {
	if isPrivateKey(err) {
		return diag.NewErrorDiagnostic("Private key in "+at.String(), tfdiag.Sentence(err))
	}
	return diag.NewAttributeErrorDiagnostic(at, "Invalid "+at.String(), tfdiag.Sentence(err))
}

// recipientsValidator reports keys that cannot be sealed to, except for one that
// has expired: that is an error when there is something to seal.
type recipientsValidator struct{}

func (recipientsValidator) Description(context.Context) string {
	return "keys that can be encrypted to"
}

func (v recipientsValidator) MarkdownDescription(ctx context.Context) string {
	return v.Description(ctx)
}

// ValidateObject checks what is known.
func (recipientsValidator) ValidateObject(ctx context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	if _, at, err := parseRecipients(ctx, req.ConfigValue); err != nil {
		resp.Diagnostics.Append(keyError(at, err))
	}
}
