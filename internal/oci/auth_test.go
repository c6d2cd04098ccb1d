package oci_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/credentialhelper"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// What registries and token services send to a client that logs in. REALM is the token
// service, which grants only the scopes that it is asked for.
func TestChallenges(t *testing.T) {
	t.Parallel()
	const answer = `{"token": "x"}`
	for name, test := range map[string]struct{ challenge, scope, answer string }{
		"bearer":                     {`Bearer realm="REALM",service="s"`, "repository:base:pull", answer},
		"bearer, then basic":         {`Bearer realm="REALM",service="s", Basic realm="Registry"`, "repository:base:pull", answer},
		"after one that is unknown":  {`Negotiate, Bearer realm="REALM",service="s"`, "repository:base:pull", answer},
		"a scope of the registry":    {`Bearer realm="REALM",service="s",scope="aws"`, "aws", answer},
		"several scopes":             {`Bearer realm="REALM",scope="repository:base:pull repository:base:metadata_read"`, "repository:base:metadata_read", answer},
		"an access token":            {`Bearer realm="REALM"`, "", `{"access_token": "x"}`},
		"a lifetime that is a text":  {`Bearer realm="REALM"`, "", `{"token": "x", "expires_in": "300"}`},
		"a lifetime with a fraction": {`Bearer realm="REALM"`, "", `{"token": "x", "expires_in": 299.5}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCopying(t)
			c.source.set(func(next http.Handler, w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/token":
					if r.Header.Get("Authorization") != "" {
						t.Errorf("a login without a user name: %v", r.Header)
					}
					if test.scope == "" || slices.Contains(r.URL.Query()["scope"], test.scope) {
						_, _ = io.WriteString(w, test.answer)
					} else {
						_, _ = io.WriteString(w, `{"token": "for something else"}`)
					}
				case r.Header.Get("Authorization") != "Bearer x":
					unauthorized(strings.Replace(test.challenge, "REALM", "http://"+r.Host+"/token", 1))(next, w, r)
				default:
					next.ServeHTTP(w, r)
				}
			})
			if _, err := c.source.client().Image(t.Context(), "base", "v1"); err != nil {
				t.Error(err)
			}
		})
	}
}

// A login is found in each form in which Docker's configuration has it.
func TestDockerConfig(t *testing.T) {
	auth := func(s string) string {
		return fmt.Sprintf(`{"auth": %q}`, base64.StdEncoding.EncodeToString([]byte(s)))
	}
	for name, config := range map[string]string{
		"host name":               `{"auths": {"HOST": ` + auth("user:secret") + `}}`,
		"URL":                     `{"auths": {"https://HOST": ` + auth("user:secret") + `}}`,
		"URL with a slash":        `{"auths": {"https://HOST/": ` + auth("user:secret") + `}}`,
		"URL of the API":          `{"auths": {"https://HOST/v1/": ` + auth("user:secret") + `}}`,
		"without TLS":             `{"auths": {"http://HOST/v2/": ` + auth("user:secret") + `}}`,
		"two fields":              `{"auths": {"HOST": {"username": "user", "password": "secret"}}}`,
		"padded":                  `{"auths": {"HOST": ` + auth("user:secret\x00\x00") + `}}`,
		"beside another registry": `{"auths": {"HOST.example": ` + auth("no:no") + `, "example.com/HOST": ` + auth("no:no") + `, "HOST": ` + auth("user:secret") + `}}`,
		"beside an empty one":     `{"auths": {"HOST": {}, "https://HOST": ` + auth("user:secret") + `}}`,
	} {
		t.Run(name, func(t *testing.T) {
			c := newCopying(t)
			c.source.set(func(next http.Handler, w http.ResponseWriter, r *http.Request) {
				if id, password, _ := r.BasicAuth(); id != "user" || password != "secret" {
					unauthorized(`Basic realm="x"`)(next, w, r)
					return
				}
				next.ServeHTTP(w, r)
			})
			source := c.source.dockerClient(strings.ReplaceAll(config, "HOST", c.source.host))
			if _, err := source.Resolve(t.Context(), "base", "v1"); err != nil {
				e, _ := errors.AsType[*oci.Error](err)
				t.Errorf("%v, %+v", err, e)
			}
		})
	}
}

// An error has the registry's own words, in whatever form they come.
func TestOwnWords(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"errors":[{"code":"DENIED","message":"no"}]}`:                            "403 Forbidden (DENIED): no",
		`{"errors":[{"code":403,"message":"no"}]}`:                                 "403 Forbidden (403): no",
		`{"errors":[{"status":403,"message":"no"}]}`:                               "403 Forbidden: no",
		`{"errors":[{"code":"DENIED","message":"","detail":"quota is exceeded"}]}`: "403 Forbidden (DENIED): quota is exceeded",
		`{"errors":[{"code":"DENIED","message":"no","detail":{"a":"b"}}]}`:         "403 Forbidden (DENIED): no",
		`{"message":"no"}`:                      "403 Forbidden: no",
		`{"error":"no"}`:                        "403 Forbidden: no",
		`{"details":"incorrect password"}`:      "403 Forbidden: incorrect password",
		`{"errors":[]}`:                         "403 Forbidden",
		`{"errors":{"message":"another form"}}`: "403 Forbidden",
		`[1]`:                                   "403 Forbidden",
		`<html>no</html>`:                       "403 Forbidden",
		``:                                      "403 Forbidden",
	} {
		host, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, body)
		}))
		if _, err := client(t, options(host)).Tags(t.Context(), "a"); err == nil || !strings.HasSuffix(err.Error(), "/v2/a/tags/list: "+want) {
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
	}
}

// A token is used until it ends: when its service says or, if it does not say, after a
// minute.
func TestTokenLifetime(t *testing.T) {
	t.Parallel()
	for answer, lifetime := range map[string]time.Duration{
		`{"token": "x"}`: time.Minute, `{"token": "x", "expires_in": 0}`: time.Minute, `{"token": "x", "expires_in": 300}`: 5 * time.Minute,
		`{"token": "x", "expires_in": 1e18}`: 24 * time.Hour,
	} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			c := client(t, oci.Options{Host: "localhost:1", Domain: "localhost", RequestTimeout: time.Second, Network: mockserver.InMemory{
				Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					switch {
					case r.URL.Path == "/token":
						asked++
						_, _ = io.WriteString(w, answer)
					case r.Header.Get("Authorization") == "":
						w.Header().Set("WWW-Authenticate", `Bearer realm="http://localhost:1/token"`)
						w.WriteHeader(http.StatusUnauthorized)
					default:
						w.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("0", 64))
					}
				}),
			}})
			for _, step := range []struct {
				after time.Duration
				asked int
			}{{0, 1}, {lifetime - 11*time.Second, 1}, {2 * time.Second, 2}} {
				time.Sleep(step.after)
				if _, err := c.Resolve(t.Context(), "a", "v1"); err != nil || asked != step.asked {
					t.Errorf("%s: asked for %d tokens %s later, %v", answer, asked, step.after, err)
				}
			}
		})
	}
}

// What was rejected is not sent again.
func TestRejectedLogin(t *testing.T) {
	t.Parallel()
	for name, challenge := range map[string]string{"basic": `Basic realm="x"`, "bearer": `Bearer realm="http://HOST/token"`} {
		c := newCopying(t)
		c.source.set(func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" {
				_, _ = io.WriteString(w, `{"token": "x"}`)
				return
			}
			unauthorized(strings.Replace(challenge, "HOST", r.Host, 1))(next, w, r)
		})
		source := c.source.client() // without a login
		for range 2 {
			if _, err := source.Resolve(t.Context(), "base", "v1"); err == nil {
				t.Error("it is accepted")
			}
		}
		want := map[string]int{"basic": 2, "bearer": 2}[name]
		if n := c.source.count("HEAD", "/manifests/"); n != want {
			t.Errorf("%s: %d requests, want %d", name, n, want)
		}
	}
}

// The waits between attempts double.
func TestWaitsDouble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := client(t, oci.Options{Host: "localhost:1", RequestTimeout: time.Second, MaxRetries: 3, Network: mockserver.InMemory{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }),
		}})
		begin := time.Now()
		if _, err := c.Tags(t.Context(), "a"); err == nil || time.Since(begin) != 7*time.Millisecond { // 1, 2 and 4, see WaitLess
			t.Errorf("%v after %s", err, time.Since(begin))
		}
	})
}

// A helper that does not work is asked for one of the registry's names.
func TestHelperIsAskedOnce(t *testing.T) {
	c := newCopying(t)
	c.source.set(unauthorized(`Basic realm="x"`))
	dir := t.TempDir()
	credentialhelper.Install(t, "echo >>"+filepath.Join(dir, "asked")+"; exit 3")
	source := c.source.dockerClient(`{"credsStore": "cloudfleet"}`)
	if _, err := source.Resolve(t.Context(), "base", "v1"); err == nil {
		t.Error("it is accepted")
	}
	if asked, err := os.ReadFile(filepath.Join(dir, "asked")); err != nil || len(asked) != 1 {
		t.Errorf("asked %d times, %v", len(asked), err)
	}
}

func TestIsQuota(t *testing.T) {
	t.Parallel()
	for e, want := range map[oci.Error]bool{
		{StatusCode: 507}: true, {StatusCode: 403, Message: "Quota exceeded"}: true, {StatusCode: 403, Code: "STORAGE LIMIT"}: true,
		{StatusCode: 403, Code: "DENIED", Message: "no"}: false,
	} {
		if e.IsQuota() != want {
			t.Errorf("%+v", e)
		}
	}
}
