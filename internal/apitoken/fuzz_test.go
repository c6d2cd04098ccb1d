package apitoken_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/apitoken"
)

var expiry = regexp.MustCompile(`^ \(ephemeral until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\)$`)

// Tokens that count as left behind are deleted: the name must be exactly what the
// provider writes, and the time must be over.
func FuzzLeftBehind(f *testing.F) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, suffix := range []string{
		" (ephemeral until 2026-01-02T02:04:05Z)", " (ephemeral until 2026-01-02T03:00:05Z)", " (ephemeral until 2026-01-02T02:04:05.5Z)",
		" (ephemeral until 2026-01-02T02:04:60Z)", " (ephemeral until 2026-02-30T02:04:05Z)", " (ephemeral until 0000-01-01T00:00:00Z)",
		" (ephemeral until 2026-01-02T02:04:05z)", " (Ephemeral until 2026-01-02T02:04:05Z)", "", " (ephemeral until 20260-01-02T02:04:05Z)",
	} {
		f.Add("push"+suffix, "push", now.Unix())
		f.Add(suffix, "", now.Unix())
	}
	f.Fuzz(func(t *testing.T, tokenName, name string, unix int64) {
		const limit = 253402300799 // the last second of the year 9999
		at := time.Unix((unix%limit+limit)%limit, 0)
		if suffix, ours := strings.CutPrefix(tokenName, name); apitoken.LeftBehind(tokenName, name, now) {
			expires, err := time.Parse(" (ephemeral until 2006-01-02T15:04:05Z)", suffix)
			if !ours || !expiry.MatchString(suffix) || err != nil || now.Sub(expires) <= 5*time.Minute {
				t.Errorf("%q is taken for %q that has expired", tokenName, name)
			}
		}
		written := apitoken.EphemeralName(name, at)
		if apitoken.LeftBehind(written, name, at.Add(5*time.Minute)) || !apitoken.LeftBehind(written, name, at.Add(5*time.Minute+time.Second)) {
			t.Errorf("%q is not told from one that has not expired", written)
		}
	})
}
