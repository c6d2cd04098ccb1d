package oci

import (
	"net/http"
	"strings"
	"testing"
)

type always struct{}

func (always) RoundTrip(*http.Request) (*http.Response, error) { return &http.Response{}, nil }

func TestGuard(t *testing.T) {
	const domain, local = "registry.cloudfleet.dev", "localhost:5000"
	for _, test := range []struct {
		domain, url  string
		plain, login bool
		refused      string
	}{
		{domain, "https://org.europe.registry.cloudfleet.dev/v2/", false, true, ""},
		{domain, "https://org.europe.registry.cloudfleet.dev:443/v2/", false, true, ""},
		{domain, "https://ORG.europe.registry.CLOUDFLEET.dev/v2/", false, true, ""},
		{domain + ":443", "https://registry.cloudfleet.dev/token", false, true, ""},
		{domain, "https://org.europe.registry.cloudfleet.dev:8443/v2/", false, true, ""}, // a token service may have another port
		{domain, "https://evilregistry.cloudfleet.dev/token", false, true, "outside of"},
		{domain, "https://registry.cloudfleet.dev.example.com/token", false, true, "outside of"},
		{domain, "https://storage.example.com/blob", false, false, ""},
		{domain, "http://org.europe.registry.cloudfleet.dev/v2/", false, true, "without TLS"},
		{domain, "http://org.europe.registry.cloudfleet.dev/v2/", false, false, "without TLS"},
		{domain, "http://127.0.0.1/v2/", false, false, "without TLS"},
		{local, "http://org.europe.localhost:5000/v2/", true, true, ""},
		{local, "http://localhost:5000/token", true, true, ""},
		{local, "http://localhost:5001/token", true, true, ""},
		{local, "http://127.0.0.1:5000/token", true, true, "outside of"},
		{domain, "https://id:secret@registry.cloudfleet.dev/token", false, false, "with a password"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, test.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if test.login {
			req.SetBasicAuth("id", "secret")
		}
		_, err = guard{test.domain, test.plain, "test", always{}}.RoundTrip(req)
		if (err == nil) != (test.refused == "") || err != nil && !strings.Contains(err.Error(), test.refused) {
			t.Errorf("%s in %s, login %t: got %v, want %q", test.url, test.domain, test.login, err, test.refused)
		}
	}
}
