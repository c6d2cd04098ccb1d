package mockserver_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hashicorp/go-uuid"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/contract"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

const absentID = "2iKo4Asy51EUx2gpJFW76t"

// api is a mock server for one test, with the login of its first organization's
// Administrator. It is called without the provider's client, which could have the same
// mistake.
type api struct {
	*mockserver.Server
	mockserver.Credentials
	url string
}

func start(t *testing.T, o mockserver.Options) api {
	t.Helper()
	o.Wrap = contract.Hold(t)
	server := mockserver.New(o)
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	return api{server, server.AddOrganization("Test"), listener.URL}
}

// as returns the same server with another login.
func (a api) as(id, secret string) api {
	a.TokenID, a.TokenSecret = id, secret
	return a
}

type token struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Role      string `json:"role"`
	CreatedAt string `json:"created_at"`
	UpdatedAt string `json:"updated_at"`
	Secret    string `json:"secret"`
}

type apiError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Details []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"details"`
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) token(t *testing.T) token { return decode[token](t, a) }

func decode[T any](t *testing.T, a answer) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%d %s: %s", a.status, a.body, err)
	}
	return v
}

// call calls an endpoint below /v1. A create has an Idempotency-Key unless change removes
// it.
func (a api) call(t *testing.T, method, path, body string, changes ...func(http.Header)) answer {
	t.Helper()
	got, err := a.try(t, method, path, body, changes...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (a api) try(t *testing.T, method, path, body string, changes ...func(http.Header)) (answer, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, a.url+"/v1"+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if a.TokenID != "" {
		req.SetBasicAuth(a.TokenID, a.TokenSecret)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if method == http.MethodPost && path == "/tokens" {
		key, err := uuid.GenerateUUID()
		if err != nil {
			return answer{}, err
		}
		req.Header.Set("Idempotency-Key", key)
	}
	for _, change := range changes {
		change(req.Header)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(content)}, err
}

func header(name, value string) func(http.Header) {
	return func(h http.Header) { h.Set(name, value) }
}

// create makes a User token.
func (a api) create(t *testing.T, name string) token {
	t.Helper()
	got := a.call(t, http.MethodPost, "/tokens", settings(name, "User"))
	wantStatus(t, got, http.StatusCreated)
	return got.token(t)
}

func settings(name, role string) string { return fmt.Sprintf(`{"name":%q,"role":%q}`, name, role) }

func wantStatus(t *testing.T, got answer, want int) {
	t.Helper()
	if got.status != want {
		t.Errorf("got %d, want %d: %s", got.status, want, got.body)
	}
}

func wantError(t *testing.T, got answer, status int, code string) {
	t.Helper()
	wantStatus(t, got, status)
	if e := decode[apiError](t, got); e.Code != code || e.Message == "" {
		t.Errorf("got %s, want the code %s and a message", got.body, code)
	}
}

type endpoint struct{ method, path, body string }

func (e endpoint) String() string { return e.method + " " + e.path }

// tokenEndpoints are all under /tokens.
func tokenEndpoints(id string) []endpoint {
	return append(endpointsOf(id),
		endpoint{http.MethodGet, "/tokens", ""},
		endpoint{http.MethodPost, "/tokens", settings("ci", "User")})
}

// endpointsOf are all about one token.
func endpointsOf(id string) []endpoint {
	return []endpoint{
		{http.MethodGet, "/tokens/" + id, ""},
		{http.MethodPut, "/tokens/" + id, settings("ci", "User")},
		{http.MethodPost, "/tokens/" + id + "/regenerate", ""},
		{http.MethodDelete, "/tokens/" + id, ""},
	}
}
