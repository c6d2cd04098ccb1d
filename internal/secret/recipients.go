package secret

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

// Recipients are all recipients in a value of encrypt_to, by kind.
type Recipients []recipientsOfKind

type recipientsOfKind struct {
	kind kind
	*sealing.Recipients
}

// canonical returns a text that is the same for the same recipients.
func (r Recipients) canonical() string {
	var b strings.Builder
	for _, one := range r {
		fmt.Fprintf(&b, "%s: %s\n", one.kind.argument, one.Canonical())
	}
	return b.String()
}

// Parse returns the recipients in a value of encrypt_to, and an error if a secret
// cannot be encrypted to them now. They are nil if the value is null or not wholly known.
// It is called before a secret is issued: a secret that cannot be encrypted would be
// lost.
func Parse(ctx context.Context, value types.Object) (Recipients, diag.Diagnostics) {
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

// RecipientsChange reports whether a change of encrypt_to changes who can read the
// secret. If that is unknown or invalid, it reports true.
func RecipientsChange(ctx context.Context, before, after types.Object) bool {
	if before.Equal(after) {
		return false
	}
	old, _, _ := parseRecipients(ctx, before)
	recipients, _, _ := parseRecipients(ctx, after)
	return old == nil || recipients == nil || old.canonical() != recipients.canonical()
}

// RecipientsAreKnown reports whether it is known who the recipients are, or that there
// are none.
func RecipientsAreKnown(ctx context.Context, value types.Object) bool {
	recipients, _, _ := parseRecipients(ctx, value)
	return recipients != nil || value.IsNull()
}

// parseRecipients returns the recipients, nil if there are none or not all are known, and
// the path of an error. An encrypt_to without recipients is an error, so that it never
// leaves a secret in plain text.
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
		// A private key is reported first: the CLI could show it beside another error.
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

// kinds returns the kinds that have recipients, and those of which it is unknown because
// their argument is. A list is known if its elements are.
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
		keys[i] = element.ValueString() // null becomes empty, and is rejected as such
	}
	return sealing.ParseAgeRecipients(keys)
}

func isPrivateKey(err error) bool {
	_, isPrivate := errors.AsType[*sealing.PrivateKeyError](err)
	return isPrivate
}

// keyError is an error at the argument, except for a private key: the CLI could print the
// line of the configuration that has it.
func keyError(at path.Path, err error) diag.Diagnostic {
	if isPrivateKey(err) {
		return diag.NewErrorDiagnostic("Private key in "+at.String(), tfdiag.Sentence(err))
	}
	return diag.NewAttributeErrorDiagnostic(at, "Invalid "+at.String(), tfdiag.Sentence(err))
}
