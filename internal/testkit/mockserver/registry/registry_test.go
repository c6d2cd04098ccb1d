package registry_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver/registry"
)

const (
	ours   = "12345678-6651-4e5d-9c04-079f6532989b"
	theirs = "550e8400-e29b-41d4-a716-446655440000"
	europe = ours + ".europe.registry.test"
)

// logins are the existing tokens, as ID:secret.
type logins map[string]registry.Access

func everybody() logins {
	return logins{"admin:1": {ours, true}, "user:1": {ours, false}, "stranger:1": {theirs, true}}
}

func serve(l logins, bearer bool) *registry.Server {
	return registry.New(registry.Options{Bearer: bearer, Authenticate: func(id, secret string) (registry.Access, bool) {
		access, ok := l[id+":"+secret]
		return access, ok
	}})
}

func basic(login string) string {
	r, _ := http.NewRequest(http.MethodGet, "/", nil)
	id, secret, _ := strings.Cut(login, ":")
	r.SetBasicAuth(id, secret)
	return r.Header.Get("Authorization")
}

func call(s *registry.Server, authorization, method, host, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader("{}"))
	r.Host = host
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

var bearerChallenge = regexp.MustCompile(`^Bearer realm="http://([^/"]+)(/[^"]*)",service="([^"]+)"(?:,scope="([^"]+)")?$`)

// as makes a call as a client that answers the challenge.
func as(t *testing.T, s *registry.Server, login, method, host, path string) *httptest.ResponseRecorder {
	t.Helper()
	got := call(s, "", method, host, path)
	if got.Code != http.StatusUnauthorized || login == "" {
		return got
	}
	challenge := got.Header().Get("WWW-Authenticate")
	if strings.HasPrefix(challenge, "Basic realm=") {
		return call(s, basic(login), method, host, path)
	}
	m := bearerChallenge.FindStringSubmatch(challenge)
	if m == nil || m[1] != host || m[3] != host {
		t.Fatalf("%s challenges with %s", host, challenge)
	}
	issued := token(t, s, login, host, m[4])
	if issued == "" {
		return got
	}
	return call(s, "Bearer "+issued, method, host, path)
}

// token returns a token of the token service, or empty if it gives none.
func token(t *testing.T, s *registry.Server, login, host, scope string) string {
	t.Helper()
	got := call(s, basic(login), http.MethodGet, host, "/token?service=x&scope="+scope)
	if got.Code == http.StatusUnauthorized {
		return ""
	}
	var answer struct {
		Token     string
		ExpiresIn int `json:"expires_in"`
	}
	if err := json.Unmarshal(got.Body.Bytes(), &answer); err != nil || answer.Token == "" || answer.ExpiresIn != 60 {
		t.Fatalf("%d %s %v", got.Code, got.Body, err)
	}
	return answer.Token
}

func TestWhoMayDoWhat(t *testing.T) {
	const image = "/v2/shop/checkout/manifests/v1"
	for _, bearer := range []bool{false, true} {
		s := serve(everybody(), bearer)
		for _, test := range []struct {
			login, method, host, path string
			want                      int
		}{
			{"", http.MethodGet, europe, "/v2/", 401},
			{"admin:2", http.MethodGet, europe, "/v2/", 401},
			{"stranger:1", http.MethodGet, europe, "/v2/", 401},
			{"user:1", http.MethodGet, europe, "/v2/", 200},
			{"", http.MethodPut, europe, image, 401},
			{"user:1", http.MethodPut, europe, image, 403},
			{"user:1", http.MethodPost, europe, "/v2/shop/checkout/blobs/uploads/", 403},
			{"stranger:1", http.MethodPut, europe, image, 401},
			{"admin:1", http.MethodPut, europe, image, 201},
			{"user:1", http.MethodGet, europe, image, 200},
			{"user:1", http.MethodHead, europe, image, 200},
			{"user:1", http.MethodGet, europe, "/v2/_catalog", 200},
			{"user:1", http.MethodGet, europe, "/v2/shop/checkout/tags/list", 200},
			{"user:1", http.MethodDelete, europe, image, 403},
			{"stranger:1", http.MethodGet, europe, image, 401},
			// Regions and organizations have separate images.
			{"admin:1", http.MethodGet, ours + ".apac.registry.test", image, 404},
			{"stranger:1", http.MethodGet, theirs + ".europe.registry.test", image, 404},
			{"admin:1", http.MethodGet, ours + ".mars.registry.test", image, 404},
			// A plain address is the registry of the login.
			{"user:1", http.MethodGet, "127.0.0.1:5000", image, 200},
			{"user:1", http.MethodGet, "[::1]:5000", image, 200},
			{"user:1", http.MethodGet, "localhost:5000", image, 200},
			{"stranger:1", http.MethodGet, "localhost:5000", image, 404},
			// A client that uses the server as its proxy sends this.
			{"user:1", http.MethodGet, europe, "http://" + europe + image, 200},
			{"admin:1", http.MethodDelete, europe, image, 202},
			{"admin:1", http.MethodGet, europe, image, 404},
		} {
			got := as(t, s, test.login, test.method, test.host, test.path)
			if got.Code != test.want {
				t.Errorf(
					"bearer %t, %s: %s %s%s: got %d, want %d: %s",
					bearer,
					test.login,
					test.method,
					test.host,
					test.path,
					got.Code,
					test.want,
					got.Body,
				)
			}
		}
	}
}

func TestRevokedAtOnce(t *testing.T) {
	for _, bearer := range []bool{false, true} {
		l := everybody()
		s := serve(l, bearer)
		authorization := basic("user:1")
		if bearer {
			authorization = "Bearer " + token(t, s, "user:1", europe, "")
		}
		if got := call(s, authorization, http.MethodGet, europe, "/v2/"); got.Code != http.StatusOK {
			t.Fatalf("bearer %t: got %d", bearer, got.Code)
		}
		delete(l, "user:1")
		l["user:2"] = registry.Access{OrganizationID: ours}
		if got := call(s, authorization, http.MethodGet, europe, "/v2/"); got.Code != http.StatusUnauthorized {
			t.Errorf("bearer %t: got %d", bearer, got.Code)
		}
		if got := as(t, s, "user:2", http.MethodGet, europe, "/v2/"); got.Code != http.StatusOK {
			t.Errorf("bearer %t: got %d with the new secret", bearer, got.Code)
		}
	}
}

func TestTokenOfTheTokenService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(everybody(), true)
		narrow := "Bearer " + token(t, s, "admin:1", europe, "repository:a:pull,push+repository:b:pull")
		for _, test := range []struct {
			method, path string
			want         int
		}{
			{http.MethodPut, "/v2/a/manifests/v1", 201},
			{http.MethodGet, "/v2/a/tags/list", 200},
			{http.MethodDelete, "/v2/a/manifests/v1", 401},
			{http.MethodPut, "/v2/b/manifests/v1", 401},
			{http.MethodGet, "/v2/b/tags/list", 404},
			{http.MethodGet, "/v2/c/tags/list", 401},
			{http.MethodGet, "/v2/_catalog", 401},
		} {
			if got := call(s, narrow, test.method, europe, test.path); got.Code != test.want {
				t.Errorf("%s %s: got %d, want %d", test.method, test.path, got.Code, test.want)
			}
		}
		if got := call(s, basic("admin:1"), http.MethodGet, europe, "/v2/"); got.Code != http.StatusUnauthorized {
			t.Errorf("ID and secret themselves: got %d", got.Code)
		}
		// Its permissions are also checked when it is used.
		if got := call(s, narrow, http.MethodGet, theirs+".europe.registry.test", "/v2/"); got.Code != http.StatusUnauthorized {
			t.Errorf("another organization: got %d", got.Code)
		}
		time.Sleep(time.Minute + time.Second)
		if got := call(s, narrow, http.MethodGet, europe, "/v2/"); got.Code != http.StatusUnauthorized {
			t.Errorf("a minute later: got %d", got.Code)
		}
	})
}

func TestPages(t *testing.T) {
	s := serve(everybody(), false)
	var want []string
	for i := range 205 {
		want = append(want, fmt.Sprintf("r%03d", i))
		call(s, basic("admin:1"), http.MethodPut, europe, "/v2/one/manifests/"+want[i])
		call(s, basic("admin:1"), http.MethodPut, europe, "/v2/"+want[i]+"/manifests/v1")
	}
	for first, sizes := range map[string][]int{
		"/v2/_catalog": {100, 100, 6}, "/v2/_catalog?n=150": {100, 100, 6}, "/v2/one/tags/list?n=90": {90, 90, 25},
		"/v2/_catalog?n=50&last=r180": {24}, "/v2/_catalog?last=r1799": {25}, "/v2/one/tags/list?last=z": {0},
	} {
		var names []string
		var got []int
		for path := first; path != ""; {
			answer := call(s, basic("user:1"), http.MethodGet, europe, path)
			var list struct{ Tags, Repositories []string }
			if err := json.Unmarshal(answer.Body.Bytes(), &list); err != nil {
				t.Fatal(err)
			}
			page := slices.Concat(list.Tags, list.Repositories)
			names, got = append(names, page...), append(got, len(page))
			path, _, _ = strings.Cut(strings.TrimPrefix(answer.Header().Get("Link"), "<"), ">; rel=\"next\"")
		}
		if !slices.Equal(got, sizes) || !slices.IsSorted(names) {
			t.Errorf("%s: pages of %v, want %v: %v", first, got, sizes, names)
		}
	}
	if got := call(s, basic("user:1"), http.MethodGet, europe, "/v2/_catalog?n=0"); got.Code != http.StatusBadRequest {
		t.Errorf("n=0: got %d", got.Code)
	}
}
