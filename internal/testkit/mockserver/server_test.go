package mockserver_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

func TestUnknownEndpoint(t *testing.T) {
	t.Parallel()
	a := start(t, mockserver.Options{})
	for _, e := range []endpoint{
		{http.MethodGet, "/", ""},
		{http.MethodGet, "/clusters", ""},
		{http.MethodPatch, "/tokens/" + a.TokenID, settings("ci", "User")},
		{http.MethodDelete, "/tokens", ""},
		{http.MethodGet, "/tokens/" + a.TokenID + "/regenerate", ""},
	} {
		// The code is not not_found: a mistyped endpoint does not mean that a token is
		// gone.
		wantError(t, a.call(t, e.method, e.path, e.body), http.StatusNotFound, "no_such_endpoint")
	}
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	a := start(t, mockserver.Options{})
	seen := map[string]bool{}
	for _, got := range []answer{
		a.call(t, http.MethodGet, "/organization", ""),
		a.call(t, http.MethodGet, "/tokens/"+absentID, ""),
		a.call(t, http.MethodGet, "/clusters", ""),
		a.as("", "").call(t, http.MethodGet, "/organization", ""),
		a.call(t, http.MethodDelete, "/tokens/"+a.TokenID, ""),
	} {
		id := got.header.Get("X-Request-Id")
		if id == "" || seen[id] {
			t.Errorf("%d has the request ID %q", got.status, id)
		}
		seen[id] = true
	}
}

func TestAnswersAreJSONThatNobodyStores(t *testing.T) {
	t.Parallel()
	a := start(t, mockserver.Options{})
	for _, got := range []answer{a.call(t, http.MethodGet, "/organization", ""), a.call(t, http.MethodGet, "/clusters", "")} {
		if got.header.Get("Content-Type") != "application/json" || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("got %v", got.header)
		}
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	a := start(t, mockserver.Options{RateLimit: 2})
	var served, refused int
	for range 10 {
		got := a.call(t, http.MethodGet, "/organization", "")
		if got.status == http.StatusOK {
			served++
			continue
		}
		refused++
		wantError(t, got, http.StatusTooManyRequests, "rate_limited")
		if wait, err := strconv.Atoi(got.header.Get("Retry-After")); err != nil || wait < 1 || wait > 2 {
			t.Errorf("Retry-After is %q", got.header.Get("Retry-After"))
		}
	}
	if served < 2 || refused == 0 {
		t.Errorf("%d were served and %d refused", served, refused)
	}
	time.Sleep(time.Second) // as Retry-After asks
	wantStatus(t, a.call(t, http.MethodGet, "/organization", ""), http.StatusOK)
}

func TestRateLimitedCreateDoesNothing(t *testing.T) {
	t.Parallel()
	a := start(t, mockserver.Options{RateLimit: 1})
	created := 0
	for range 5 {
		if a.call(t, http.MethodPost, "/tokens", settings("ci", "User")).status == http.StatusCreated {
			created++
		}
	}
	if n := len(a.Tokens(a.OrganizationID)); n != 1+created || created == 5 {
		t.Errorf("%d creates were answered, and there are %d tokens", created, n)
	}
}

func TestLatency(t *testing.T) {
	t.Parallel()
	a := start(t, mockserver.Options{Latency: 100 * time.Millisecond})
	begin := time.Now()
	wantStatus(t, a.call(t, http.MethodGet, "/organization", ""), http.StatusOK)
	if took := time.Since(begin); took < 100*time.Millisecond {
		t.Errorf("it took %s", took)
	}

	// A waiting request does not delay others.
	begin = time.Now()
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			if _, err := a.try(t, http.MethodGet, "/organization", ""); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if took := time.Since(begin); took > time.Second {
		t.Errorf("20 at a time took %s", took)
	}
}

func TestIntercept(t *testing.T) {
	t.Parallel()
	a := start(t, mockserver.Options{})
	a.Intercept(func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.Method {
			case http.MethodPost:
				http.Error(w, "a fault", http.StatusBadGateway)
			case http.MethodDelete:
				panic(http.ErrAbortHandler)
			default:
				api.ServeHTTP(w, r)
			}
		})
	})
	wantStatus(t, a.call(t, http.MethodGet, "/organization", ""), http.StatusOK)
	got := a.call(t, http.MethodPost, "/tokens", settings("ci", "User"))
	wantStatus(t, got, http.StatusBadGateway)
	if got.body != "a fault\n" {
		t.Errorf("got %q", got.body)
	}
	if got, err := a.try(t, http.MethodDelete, "/tokens/"+a.TokenID, ""); err == nil {
		t.Errorf("got %v, want a cut", got)
	}

	a.Intercept(nil)
	wantStatus(t, a.call(t, http.MethodPost, "/tokens", settings("ci", "User")), http.StatusCreated)
	wantStatus(t, a.call(t, http.MethodDelete, "/tokens/"+a.TokenID, ""), http.StatusNoContent)

	var log []string
	for _, r := range a.Requests() {
		log = append(log, r.String())
	}
	want := []string{
		"GET /v1/organization: 200", "POST /v1/tokens: 502", "DELETE /v1/tokens/" + a.TokenID + ": 0",
		"POST /v1/tokens: 201", "DELETE /v1/tokens/" + a.TokenID + ": 204",
	}
	if !slices.Equal(log, want) {
		t.Errorf("got  %q\nwant %q", log, want)
	}
}

func TestRequestLog(t *testing.T) {
	t.Parallel()
	a := start(t, mockserver.Options{})
	const key = "9c1f0a52-5b0e-4b0e-8f0a-0123456789ab"
	a.call(t, http.MethodGet, "/tokens?limit=7", "", header("User-Agent", "a test"))
	a.call(t, http.MethodPost, "/tokens", settings("ci", "User"), header("Idempotency-Key", key), header("User-Agent", "a test"))
	a.as("", "").call(t, http.MethodGet, "/organization", "", header("User-Agent", "a test"))
	got := a.Requests()
	want := []mockserver.Request{
		{Method: "GET", Path: "/v1/tokens", Query: "limit=7", Status: 200, TokenID: a.TokenID, UserAgent: "a test"},
		{Method: "POST", Path: "/v1/tokens", Status: 201, TokenID: a.TokenID, IdempotencyKey: key, UserAgent: "a test"},
		{Method: "GET", Path: "/v1/organization", Status: 401, UserAgent: "a test"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got[0].IsWrite() || !got[1].IsWrite() {
		t.Error("IsWrite is wrong")
	}
	if s := got[0].String(); s != "GET /v1/tokens?limit=7: 200" {
		t.Errorf("got %q", s)
	}
	if s := fmt.Sprintf("%#v", got); strings.Contains(s, a.TokenSecret) {
		t.Error("the log holds a secret")
	}

	got[0].Path = "changed"
	if a.Requests()[0].Path == "changed" {
		t.Error("the log can be changed through what Requests returns")
	}
	a.ForgetRequests()
	if got := a.Requests(); len(got) > 0 {
		t.Errorf("got %v after ForgetRequests", got)
	}
}

// This test is for the race detector.
func TestParallelUse(t *testing.T) {
	t.Parallel()
	a := start(t, mockserver.Options{})
	const callers = 16
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			got, err := a.try(t, http.MethodPost, "/tokens", settings(fmt.Sprint("token ", i), "User"))
			if err != nil || got.status != http.StatusCreated {
				t.Errorf("create: %v, %v", got, err)
				return
			}
			id := a.Tokens(a.OrganizationID)[0].ID // anybody's
			for _, e := range []endpoint{{http.MethodGet, "/tokens", ""}, {http.MethodPut, "/tokens/" + id, settings("renamed", "Administrator")}} {
				if got, err := a.try(t, e.method, e.path, e.body); err != nil || got.status != http.StatusOK {
					t.Errorf("%s: %v, %v", e, got, err)
				}
			}
			a.Accepts(id, "")
			a.Requests()
			a.AddOrganization("Another")
			a.Intercept(nil)
		})
	}
	all.Wait()
	if n := len(a.Tokens(a.OrganizationID)); n != 1+callers {
		t.Errorf("there are %d tokens, want %d", n, 1+callers)
	}
	if n := len(a.Requests()); n != 3*callers {
		t.Errorf("the log has %d entries, want %d", n, 3*callers)
	}
}
