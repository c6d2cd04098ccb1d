package tokenkit

import (
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

// A name that a clean-up of ephemeral tokens would delete is refused.
func TestNameOfAManagedToken(t *testing.T) {
	for name, ok := range map[string]bool{
		"ci": true, "ci (ephemeral until 2026-01-02T03:04:05Z)": false, "ci (ephemeral until then)": true, " ci": false,
		"ci (ephemeral until 2026-01-02T03:04:05Z) ": false,
	} {
		if err := checkName(name); (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "ci") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// What somebody named a token cannot control a terminal.
func TestDisplayNameIsPrintable(t *testing.T) {
	got := DisplayName(cloudfleet.Token{Name: "a\x1b[2Jb\u202e", Role: cloudfleet.RoleUser}, "", true)
	if want := `a\x1b[2Jb\u202e (User, the provider's own)`; got != want {
		t.Errorf("got %q", got)
	}
}
