package tokenkit

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

// The date of an earlier change is not the date of the issue.
func TestIssuedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		for name, test := range map[string]struct{ updated, want time.Time }{
			"no date":                {time.Time{}, now},
			"clock behind":           {now.Add(-time.Hour), now.Add(-time.Hour)},
			"clock ahead":            {now.Add(time.Hour), now.Add(time.Hour)},
			"date of the last issue": {now.AddDate(0, 0, -30), now},
		} {
			if got := IssuedAt(cloudfleet.Token{UpdatedAt: test.updated}); got != Timestamp(test.want) {
				t.Errorf("%s: got %s, want %s", name, got, Timestamp(test.want))
			}
		}
	})
}
