package rotatingtoken

import (
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

// The current token of two is the one updated last or, if the API does not say or both
// are the same, the one created last.
func TestGroupTokensPutsTheCurrentFirst(t *testing.T) {
	at := func(second int64) time.Time { return time.Unix(second, 0) }
	for name, test := range map[string]struct {
		first, second cloudfleet.Token
		want          string
	}{
		"second updated last":   {cloudfleet.Token{CreatedAt: at(1), UpdatedAt: at(1)}, cloudfleet.Token{CreatedAt: at(2), UpdatedAt: at(2)}, "second"},
		"first updated last":    {cloudfleet.Token{CreatedAt: at(1), UpdatedAt: at(3)}, cloudfleet.Token{CreatedAt: at(2), UpdatedAt: at(2)}, "first"},
		"updated at once":       {cloudfleet.Token{CreatedAt: at(1), UpdatedAt: at(3)}, cloudfleet.Token{CreatedAt: at(2), UpdatedAt: at(3)}, "second"},
		"updated, nobody knows": {cloudfleet.Token{CreatedAt: at(1)}, cloudfleet.Token{CreatedAt: at(2)}, "second"},
	} {
		test.first.ID, test.second.ID = "first", "second"
		pairs, ambiguous := groupTokens([]cloudfleet.Token{test.first, test.second})
		if len(pairs) != 1 || len(ambiguous) != 0 || len(pairs[0]) != 2 || pairs[0][0].ID != test.want {
			t.Errorf("%s: got %v and %v", name, pairs, ambiguous)
		}
	}
}
