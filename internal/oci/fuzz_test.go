package oci

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/credentialhelper"
)

// For every output and exit of a credential helper, other output than a login is not
// repeated.
func FuzzHelper(f *testing.F) {
	const marker = "hush-MARKERmarkerMARKERmarker"
	f.Add(`{"ServerURL":"`+credentialhelper.Host+`","Username":"somebody","Secret":"`, `"}`, false)
	f.Add(`{"Username":"<token>","Secret":"`, `"}`, false)
	f.Add(`{"Username":"a:b`, `","Secret":"x"}`, false)
	f.Add(`{"Username":5,"Secret":"`, `"}`, false)
	f.Add(`{"Username":"a","Secret":"\u0000`, `"}`, false)
	f.Add("", "", false)
	f.Add("credentials not found in native keychain", "", true)
	f.Add("no credentials server URL", "", true)
	f.Add("[", "]", true)
	f.Fuzz(func(t *testing.T, before, after string, fails bool) {
		got, err := ask(t.Context(), credentialhelper.Host, func(...string) *helper {
			return &helper{run: func(in io.Reader) ([]byte, error) {
				asked, err := io.ReadAll(in)
				if err != nil || string(asked) != credentialhelper.Host {
					t.Errorf("asked for %q, %v", asked, err)
				}
				if fails {
					err = errors.New("exit status 1")
				}
				return []byte(before + marker + after), err
			}}
		})
		if err != nil {
			if got != (login{}) || strings.Contains(err.Error(), marker) {
				t.Errorf("got %+v, %v", got, err)
			}
			return
		}
		if got.username == identityTokenUser || fails {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}
