package tokenkit

import (
	"strings"
	"testing"
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
