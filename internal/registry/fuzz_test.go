package registry

import (
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/dockerconfig"
)

// Of every domain that is taken, the host name of a registry can be made, which
// leads nowhere else.
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
		if err := checkHostname(hostname); err != nil || strings.ToLower(hostname) != hostname {
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

// Whatever a credential helper prints and however it ends: a login is one that
// Docker takes, and what is none is not repeated.
func FuzzHelper(f *testing.F) {
	const marker = "hush-MARKERmarkerMARKERmarker"
	f.Add(`{"ServerURL":"`+host+`","Username":"somebody","Secret":"`, `"}`, false)
	f.Add(`{"Username":"<token>","Secret":"`, `"}`, false)
	f.Add(`{"Username":"a:b`, `","Secret":"x"}`, false)
	f.Add(`{"Username":5,"Secret":"`, `"}`, false)
	f.Add(`{"Username":"a","Secret":"\u0000`, `"}`, false)
	f.Add("", "", false)
	f.Add("credentials not found in native keychain", "", true)
	f.Add("no credentials server URL", "", true)
	f.Add("[", "]", true)
	f.Fuzz(func(t *testing.T, before, after string, fails bool) {
		got, err := ask(t.Context(), host, func(...string) *program {
			return &program{run: func(in io.Reader) ([]byte, error) {
				asked, err := io.ReadAll(in)
				if err != nil || string(asked) != host {
					t.Errorf("asked for %q, %v", asked, err)
				}
				if fails {
					err = errors.New("exit status 1")
				}
				return []byte(before + marker + after), err
			}}
		})
		if err != nil {
			if got != (login{}) || strings.Contains(noLogin(err, host, ourOrganization).Error(), marker) {
				t.Errorf("got %+v, %v", got, err)
			}
			return
		}
		if _, err := dockerconfig.Auths(host, got.username, got.password); err != nil || got.username == identityToken || fails {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}
