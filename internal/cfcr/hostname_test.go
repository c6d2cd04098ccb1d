package cfcr

import (
	"strings"
	"testing"
)

func TestCheckDomain(t *testing.T) {
	for domain, good := range map[string]bool{
		"registry.cloudfleet.dev": true, "localhost": true, "localhost:5000": true, "127.0.0.1:5000": true, "Registry.Example": true,
		"": false, "https://registry.cloudfleet.dev": false, "a..b": false, "-a.dev": false, "a.dev/": false, "a b": false, "a:port": false,
		strings.Repeat("a", 64) + ".dev": false,
	} {
		if err := CheckDomain(domain); (err == nil) != good {
			t.Errorf("%q: %v", domain, err)
		}
	}
}
