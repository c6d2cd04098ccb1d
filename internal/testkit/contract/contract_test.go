package contract_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/contract"
)

const (
	id     = "2iKo4Asy51EUx2gpJFW76t"
	key    = "9c1f0a52-5b0e-4b0e-8f0a-0123456789ab"
	fields = `"id":"` + id + `","name":"ci","role":"User","created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:05.678Z"`
	shown  = `{` + fields + `}`
	issued = `{` + fields + `,"secret":"cf_secret_0123456789abcdefghijABCDEFGHIJkl"}`
	valid  = `{"name":"ci","role":"User"}`
	wrong  = `{"code":"bad","message":"No."}`
)

// exchange is a request and the answer to it.
type exchange struct {
	method, path, body string
	status             int
	answer             string
	// change changes the request.
	change func(*http.Request)
}

// violations sends a request through a checker, and returns what it reports.
func (e exchange) violations(t *testing.T) []error {
	t.Helper()
	var mu sync.Mutex
	var found []error
	checker, err := contract.New(func(err error) {
		mu.Lock()
		defer mu.Unlock()
		found = append(found, err)
	})
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequestWithContext(t.Context(), e.method, "/v1"+e.path, strings.NewReader(e.body))
	req.SetBasicAuth(id, "secret")
	if e.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if e.method == http.MethodPost && e.path == "/tokens" {
		req.Header.Set("Idempotency-Key", key)
	}
	if e.change != nil {
		e.change(req)
	}
	got := httptest.NewRecorder()
	checker.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err != nil || string(body) != e.body {
			t.Errorf("the API read %q, %v, instead of %q", body, err, e.body)
		}
		if e.answer != "" {
			w.Header().Set("Content-Type", "application/json")
		}
		w.Header().Set("X-Test", "kept")
		w.WriteHeader(e.status)
		_, _ = io.WriteString(w, e.answer)
	})).ServeHTTP(got, req)
	if got.Code != e.status || got.Body.String() != e.answer || got.Header().Get("X-Test") != "kept" {
		t.Errorf("the caller got %d %q, instead of %d %q", got.Code, got.Body, e.status, e.answer)
	}
	return found
}

func TestWhatKeepsTheContract(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]exchange{
		"organization": {"GET", "/organization", "", 200, `{"id":"` + key + `","name":"Test"}`, nil},
		"create":       {"POST", "/tokens", valid, 201, issued, nil},
		"get":          {"GET", "/tokens/" + id, "", 200, shown, nil},
		"update":       {"PUT", "/tokens/" + id, valid, 200, shown, nil},
		"delete":       {"DELETE", "/tokens/" + id, "", 204, "", nil},
		"regenerate":   {"POST", "/tokens/" + id + "/regenerate", "", 200, issued, nil},
		"list":         {"GET", "/tokens?limit=100", "", 200, `[` + shown + `]`, nil},
		"empty list":   {"GET", "/tokens", "", 200, `[]`, nil},
		"error":        {"GET", "/tokens/" + id, "", 404, `{"code":"not_found","message":"No.","details":[{"field":"a","message":"b"}]}`, nil},
		// A server that rejects an invalid request follows the contract, and so does the
		// test that sent it.
		"wrong body refused": {"POST", "/tokens", `{"role":"Owner"}`, 422, wrong, nil},
		"no JSON refused":    {"PUT", "/tokens/" + id, `{`, 400, wrong, nil},
		"bad limit refused":  {"GET", "/tokens?limit=0", "", 400, wrong, nil},
		"no credentials, and refused": {"GET", "/organization", "", 401, wrong, func(r *http.Request) {
			r.Header.Del("Authorization")
		}},
		"no such endpoint": {"GET", "/clusters", "", 404, wrong, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, err := range e.violations(t) {
				t.Error(err)
			}
		})
	}
}

func TestWhatBreaksTheContract(t *testing.T) {
	t.Parallel()
	drop := func(name string) func(*http.Request) { return func(r *http.Request) { r.Header.Del(name) } }
	with := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	full := "[" + strings.TrimSuffix(strings.Repeat(shown+",", 101), ",") + "]"
	for name, test := range map[string]struct {
		exchange
		// of is the beginning of the report.
		of string
	}{
		"no credentials":           {exchange{"GET", "/organization", "", 200, `{"id":"` + key + `","name":"Test"}`, drop("Authorization")}, "request"},
		"bearer credentials":       {exchange{"GET", "/tokens", "", 200, `[]`, with("Authorization", "Bearer x")}, "request"},
		"no idempotency key":       {exchange{"POST", "/tokens", valid, 201, issued, drop("Idempotency-Key")}, "request"},
		"idempotency key, no UUID": {exchange{"POST", "/tokens", valid, 201, issued, with("Idempotency-Key", "1")}, "request"},
		"no body":                  {exchange{"POST", "/tokens", "", 201, issued, nil}, "request"},
		"body of another type":     {exchange{"POST", "/tokens", valid, 201, issued, with("Content-Type", "text/plain")}, "request"},
		"body is no JSON":          {exchange{"PUT", "/tokens/" + id, "{", 200, shown, nil}, "request"},
		"field missing":            {exchange{"PUT", "/tokens/" + id, `{"name":"ci"}`, 200, shown, nil}, "request"},
		"read-only field":          {exchange{"PUT", "/tokens/" + id, shown, 200, shown, nil}, "request"},
		"unknown role":             {exchange{"POST", "/tokens", `{"name":"ci","role":"user"}`, 201, issued, nil}, "request"},
		"empty name":               {exchange{"POST", "/tokens", `{"name":"","role":"User"}`, 201, issued, nil}, "request"},
		"long name":                {exchange{"POST", "/tokens", `{"name":"` + strings.Repeat("a", 256) + `","role":"User"}`, 201, issued, nil}, "request"},
		"body for a regenerate":    {exchange{"POST", "/tokens/" + id + "/regenerate", valid, 200, issued, nil}, "request"},
		"body for a delete":        {exchange{"DELETE", "/tokens/" + id, valid, 204, "", nil}, "request"},
		"ID of another shape":      {exchange{"GET", "/tokens/a", "", 200, shown, nil}, "request"},
		"bad limit":                {exchange{"GET", "/tokens?limit=0", "", 200, `[]`, nil}, "request"},
		"bad request, server down": {exchange{"POST", "/tokens", `{}`, 500, wrong, nil}, "request"},
		"unknown endpoint":         {exchange{"GET", "/clusters", "", 200, `[]`, nil}, "GET /v1/clusters"},
		"unknown method":           {exchange{"PATCH", "/tokens/" + id, valid, 200, shown, nil}, "PATCH /v1/tokens"},
		"secret in a get":          {exchange{"GET", "/tokens/" + id, "", 200, issued, nil}, "answer 200"},
		"secret in a list":         {exchange{"GET", "/tokens", "", 200, `[` + issued + `]`, nil}, "answer 200"},
		"secret in an update":      {exchange{"PUT", "/tokens/" + id, valid, 200, issued, nil}, "answer 200"},
		"no secret in a create":    {exchange{"POST", "/tokens", valid, 201, shown, nil}, "answer 201"},
		"no secret, regenerate":    {exchange{"POST", "/tokens/" + id + "/regenerate", "", 200, shown, nil}, "answer 200"},
		"another status":           {exchange{"POST", "/tokens", valid, 200, issued, nil}, "answer 200"},
		"delete with a body":       {exchange{"DELETE", "/tokens/" + id, "", 200, shown, nil}, "answer 200"},
		"more than a page":         {exchange{"GET", "/tokens", "", 200, full, nil}, "answer 200"},
		"list in an object":        {exchange{"GET", "/tokens", "", 200, `{"items":[]}`, nil}, "answer 200"},
		"field too many":           {exchange{"GET", "/tokens/" + id, "", 200, strings.Replace(shown, `{`, `{"scope":"x",`, 1), nil}, "answer 200"},
		"time of another shape":    {exchange{"GET", "/tokens/" + id, "", 200, strings.Replace(shown, "2026-01-02T03:04:05Z", "yesterday", 1), nil}, "answer 200"},
		"answer is no JSON":        {exchange{"GET", "/tokens/" + id, "", 200, `{`, nil}, "answer 200"},
		"answer is empty":          {exchange{"GET", "/tokens/" + id, "", 200, ``, nil}, "answer 200"},
		"organization ID, no UUID": {exchange{"GET", "/organization", "", 200, `{"id":"1","name":"Test"}`, nil}, "answer 200"},
		"error without code":       {exchange{"GET", "/tokens/" + id, "", 404, `{"message":"No."}`, nil}, "answer 404"},
		"error in another shape":   {exchange{"GET", "/tokens/" + id, "", 500, `{"code":"a","message":"b","details":["c"]}`, nil}, "answer 500"},
		"refusal in another shape": {exchange{"POST", "/tokens", `{}`, 422, `{"error":"a"}`, nil}, "answer 422"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := test.violations(t)
			if len(found) == 0 {
				t.Fatal("nothing is reported")
			}
			if !strings.HasPrefix(found[0].Error(), test.of) {
				t.Errorf("got %q, want a report of the %s", found[0], test.of)
			}
		})
	}
}
