package cfcr

import (
	"net/url"
	"strings"
	"testing"
)

// Every accepted domain makes a valid host name of a registry in that domain.
func FuzzHostname(f *testing.F) {
	for _, domain := range []string{
		DefaultDomain, "localhost", "LOCALHOST:5000", "127.0.0.1:5000", "a..b", "-a.dev", "a-.dev", "a.dev/x", "a.dev:", "a.dev:123456", "a@b.dev", "a.dev\n", "ä.dev", "K.dev", "[::1]",
	} {
		f.Add(domain)
	}
	f.Fuzz(func(t *testing.T, domain string) {
		if CheckDomain(domain) != nil {
			return
		}
		hostname := Hostname("12345678-6651-4E5D-9c04-079f6532989b", DefaultRegion, domain)
		if err := CheckHostname(hostname); err != nil || strings.ToLower(hostname) != hostname {
			t.Errorf("%q became %q, %v", domain, hostname, err)
		}
		image, err := ImageRef(hostname, "shop/checkout", "v1")
		if err != nil {
			t.Error(err)
		}
		parsed, err := ParseImageRef(image)
		if err != nil || parsed.Hostname != hostname {
			t.Errorf("%q became %+v, %v", image, parsed, err)
		}
		target, err := url.Parse("https://" + hostname + "/v2/")
		if err != nil || target.Host != hostname || target.User != nil || target.Path != "/v2/" {
			t.Errorf("%q leads to %v, %v", hostname, target, err)
		}
	})
}
