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
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/sealing"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

// Recipients are those in a value of encrypt_to, of each kind that it has.
type Recipients []recipientsOfKind

type recipientsOfKind struct {
	kind kind
	*sealing.Recipients
}

// canonical is a text that is the same for the same recipients.
func (r Recipients) canonical() string {
	var b strings.Builder
	for _, one := range r {
		fmt.Fprintf(&b, "%s: %s\n", one.kind.argument, one.Canonical())
	}
	return b.String()
}

// RecipientsFor returns the recipients of a value of encrypt_to, to whom a secret can be
// sealed now. They are nil, without an error, if the value is null or it is not known
// yet who they are: so, in an apply, if it is null and at no other time. It is called
// before a secret is issued, because nobody would have a secret that cannot be sealed.
func RecipientsFor(ctx context.Context, value types.Object) (Recipients, diag.Diagnostics) {
	recipients, at, err := parseRecipients(ctx, value)
	if err != nil {
		return nil, diag.Diagnostics{keyError(at, err)}
	}
	for _, one := range recipients {
		if _, err := one.Seal(""); err != nil {
			return nil, diag.Diagnostics{keyError(at.AtName(one.kind.argument), err)}
		}
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
	return old.canonical() != recipients.canonical()
}

// RecipientsAreKnown reports whether a value of encrypt_to is known as far as it says
// who the recipients are.
func RecipientsAreKnown(ctx context.Context, value types.Object) bool {
	recipients, _, _ := parseRecipients(ctx, value)
	return recipients != nil || value.IsNull()
}

// parseRecipients returns the recipients, or nil if there are none or not all of them are
// known, and where in the configuration an error is. It counts the arguments itself, so
// that a value without a recipient never passes for no encrypt_to at all.
func parseRecipients(ctx context.Context, value types.Object) (recipients Recipients, at path.Path, err error) {
	at = path.Root(EncryptToName)
	if value.IsNull() || value.IsUnknown() {
		return nil, at, nil
	}
	var to encryptTo
	if diags := value.As(ctx, &to, basetypes.ObjectAsOptions{}); diags.HasError() {
		return nil, at, errors.New(diags[0].Detail())
	}
	given, unknown := to.kinds()
	for _, k := range given {
		parsed, parseErr := to.parse(ctx, k)
		// A private key comes first: beside another error, a CLI could show it.
		if parseErr != nil && (err == nil || isPrivateKey(parseErr)) {
			at, err = path.Root(EncryptToName).AtName(k.argument), parseErr
		}
		recipients = append(recipients, recipientsOfKind{k, parsed})
	}
	switch {
	case err != nil:
		return nil, at, err
	case len(unknown) > 0:
		return nil, at, nil
	case len(given) == 0:
		return nil, at, fmt.Errorf("it names no recipient: set %s, %s or %s", kindGitHub.argument, kindAge.argument, kindPGP.argument)
	}
	return recipients, at, nil
}

// kinds returns of which kinds there are recipients, and of which there may be: their
// argument is not known. A list is known if its elements are.
func (to *encryptTo) kinds() (given, unknown []kind) {
	isUnknown := func(v attr.Value) bool { return v.IsUnknown() }
	for _, argument := range []struct {
		kind  kind
		value attr.Value
	}{{kindGitHub, to.GitHubPublicKey}, {kindAge, to.AgeRecipients}, {kindPGP, to.PGPKey}} {
		list, _ := argument.value.(types.List)
		switch {
		case argument.value.IsUnknown() || slices.ContainsFunc(list.Elements(), isUnknown):
			unknown = append(unknown, argument.kind)
		case !argument.value.IsNull():
			given = append(given, argument.kind)
		}
	}
	return given, unknown
}

func (to *encryptTo) parse(ctx context.Context, k kind) (*sealing.Recipients, error) {
	switch k {
	case kindGitHub:
		return sealing.ParseGitHubPublicKey(to.GitHubPublicKey.ValueString())
	case kindPGP:
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
