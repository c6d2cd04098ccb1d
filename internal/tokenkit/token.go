// Package tokenkit has what everything made of API tokens shares: attributes, encrypt_to,
// filters, lists, and the guard of the provider's own token.
package tokenkit

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

// rotates reports whether a change of rotation_trigger issues a secret. Only one value
// after another does, so that adding or removing the trigger does not affect the token's
// clients. Unknown counts as another value.
func rotates(before, after types.String) bool {
	return !before.IsNull() && !after.IsNull() && !before.Equal(after)
}

// Timestamp returns t in RFC 3339 and UTC, or null if t is zero.
func Timestamp(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339))
}

// Collect returns the tokens that match, oldest first, or the error of a page that could
// not be read. It never returns a part of the list.
func Collect(tokens iter.Seq2[cloudfleet.Token, error], matches func(cloudfleet.Token) bool) ([]cloudfleet.Token, error) {
	var found []cloudfleet.Token
	for t, err := range tokens {
		if err != nil {
			return nil, err
		}
		if matches(t) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b cloudfleet.Token) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return found, nil
}
