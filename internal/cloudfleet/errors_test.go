package cloudfleet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/canary"
)

// discard is for servers whose errors are part of a test.
var discard = log.New(io.Discard, "", 0)

func TestErrorOfTheAPI(t *testing.T) {
	t.Parallel()
	body := `{"code":"validation_failed","message":"The token is not valid.","details":[
		{"field":"name","message":"is too long"},{"field":"role","message":"is not a role"}]}`
	c := newClient(t, serve(t, answer(http.StatusUnprocessableEntity, body,
		"Content-Type", "application/json", "X-Request-Id", "r-42", "Retry-After", "7")))
	_, err := c.UpdateToken(t.Context(), someID, settings)
	var got *cloudfleet.Error
	if !errors.As(err, &got) {
		t.Fatalf("got %#v", err)
	}
	want := &cloudfleet.Error{
		Method: "PUT", Path: "/v1/tokens/" + someID, StatusCode: 422,
		Code: "validation_failed", Message: "The token is not valid.",
		Details:   []cloudfleet.FieldError{{Field: "name", Message: "is too long"}, {Field: "role", Message: "is not a role"}},
		RequestID: "r-42", RetryAfter: "7",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, want %#v", got, want)
	}
	text := "PUT /v1/tokens/" + someID + ": 422 Unprocessable Entity (validation_failed): The token is not valid.; " +
		"name: is too long; role: is not a role (request ID r-42)"
	if err.Error() != text {
		t.Errorf("got  %s\nwant %s", err, text)
	}
}

func TestErrorAnswers(t *testing.T) {
	t.Parallel()
	const (
		html     = "<html><h1>Welcome to the hotel's Wi-Fi</h1></html>"
		notFound = `{"code":"not_found","message":"There is no such token.","details":[]}`
	)
	for name, test := range map[string]struct {
		status            int
		kind, body        string
		code              string
		notFound, mayHave bool
		says              string
	}{
		"not found":                 {404, "application/json", notFound, "not_found", true, false, "There is no such token."},
		"not found without a type":  {404, "", notFound, "not_found", true, false, "There is no such token."},
		"not found without details": {404, "application/json", `{"code":"not_found","message":"No."}`, "not_found", true, false, "No."},
		"404 in HTML":               {404, "text/html; charset=utf-8", html, "", false, false, "but text/html"},
		"404 without a body":        {404, "", "", "", false, false, "no body"},
		"problem, not found": {404, "application/problem+json", `{"type":"about:blank","title":"Not Found","status":404,"detail":"No such token."}`,
			"not_found", true, false, "404 Not Found (not_found): No such token."},
		"problem, not found by its type": {404, "application/problem+json; charset=utf-8", `{"type":"https://api.example.com/errors/not-found"}`,
			"not_found", true, false, "404 Not Found (not_found)"},
		"problem, not found by its code": {404, "application/problem+json", `{"code":"not_found","title":"Gone"}`, "not_found", true, false, "Gone"},
		"problem, another 404": {404, "application/problem+json", `{"type":"https://api.example.com/errors/no-such-endpoint"}`,
			"no_such_endpoint", false, false, "404 Not Found (no_such_endpoint)"},
		"problem with fields": {422, "application/problem+json",
			`{"title":"Invalid","errors":[{"pointer":"#/name","detail":"is taken"},{"field":"role","message":"is unknown"}]}`,
			"unprocessable_entity", false, false, "Invalid; name: is taken; role: is unknown"},
		"problem that is none":         {502, "application/problem+json", html, "", false, true, "but application/problem+json"},
		"404 with another code":        {404, "application/json", `{"code":"no_such_endpoint","message":"No."}`, "no_such_endpoint", false, false, "No."},
		"404 in foreign JSON":          {404, "application/json", `{"error":"Not Found"}`, "", false, false, "but application/json"},
		"404 cut short":                {404, "application/json", notFound[:30], "", false, false, "but application/json"},
		"404 with a code of no text":   {404, "application/json", `{"code":404,"message":"not_found"}`, "", false, false, "not an error of the API"},
		"not_found with a 410":         {410, "application/json", notFound, "not_found", false, false, "410 Gone"},
		"not_found with a 403":         {403, "application/json", notFound, "not_found", false, false, "403 Forbidden"},
		"not_found with a 500":         {500, "application/json", notFound, "not_found", false, true, "500 Internal Server Error"},
		"not_found with a 200":         {200, "application/json", notFound, "", false, true, "200 OK"},
		"401":                          {401, "application/json", `{"code":"unauthorized","message":"No."}`, "unauthorized", false, false, "401 Unauthorized (unauthorized)"},
		"403 in HTML":                  {403, "text/html", html, "", false, false, "403 Forbidden"},
		"a type that cannot be parsed": {502, "text/html; =", html, "", false, true, "not an error of the API"},
		"502 in HTML":                  {502, "text/html", html, "", false, true, "502 Bad Gateway"},
		"503 without a body":           {503, "", "", "", false, true, "no body"},
		"a status without a name":      {599, "", "", "", false, true, ": 599: "},
		"200 in HTML":                  {200, "text/html", html, "", false, true, "not the JSON that was expected"},
		"200 without a body":           {200, "application/json", "", "", false, true, "not the JSON that was expected"},
		"200 cut short":                {200, "application/json", `{"id":"` + someID + `","na`, "", false, true, "not the JSON that was expected"},
		"200 with a list":              {200, "application/json", `[]`, "", false, true, "not the JSON that was expected"},
		"200 with a text":              {200, "application/json", `"` + someID + `"`, "", false, true, "not the JSON that was expected"},
		"200 with another type":        {200, "application/json", `{"id":7}`, "", false, true, "not the JSON that was expected"},
		"200 with null":                {200, "application/json", `null`, "", false, true, "no ID of a token"},
		"200 with something after it":  {200, "application/json", `{"id":"` + someID + `"}{}`, "", false, true, "not the JSON that was expected"},
		"204 where a body is expected": {204, "", "", "", false, true, "not the JSON that was expected"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := serve(t, answer(test.status, test.body, "Content-Type", test.kind, "X-Request-Id", "r-42"))
			o.MaxRetries = 0
			_, err := newClient(t, o).GetToken(t.Context(), someID)
			wantError(t, err, "GET /v1/tokens/"+someID, strconv.Itoa(test.status), test.says, "r-42")
			if got := cloudfleet.IsNotFound(err); got != test.notFound {
				t.Errorf("IsNotFound is %t", got)
			}
			if got := cloudfleet.MayHaveActed(err); got != test.mayHave {
				t.Errorf("MayHaveActed is %t", got)
			}
			var e *cloudfleet.Error
			if !errors.As(err, &e) || e.Code != test.code || cloudfleet.StatusCode(err) != test.status {
				t.Errorf("got %#v", err)
			}
			if strings.Contains(err.Error(), "Wi-Fi") {
				t.Errorf("somebody else's page is repeated: %s", err)
			}
		})
	}
}

// These do not have the form in the contract, so nothing may be read from them, least of
// all that there are no tokens.
func TestAnswerOfAnotherShape(t *testing.T) {
	t.Parallel()
	for name, bodies := range map[string][]string{
		"list":         {`null`, `{}`, `"text"`, `7`, `[7]`, `[{}]`, `[null]`, `{"items":[]}`},
		"organization": {`null`, `{}`, `[]`, `"text"`, `{"name":"Test"}`, `{"id":7}`},
	} {
		for _, body := range bodies {
			t.Run(name+" "+body, func(t *testing.T) {
				t.Parallel()
				o := serve(t, answer(http.StatusOK, body, "Content-Type", "application/json"))
				if err := callNamed(t, name, someID).do(t.Context(), newClient(t, o)); err == nil {
					t.Error("got no error")
				}
			})
		}
	}
}

// A proxy's login page must not remove a token from the state.
func TestDeleteAnsweredByAPage(t *testing.T) {
	t.Parallel()
	c := newClient(t, serve(t, answer(http.StatusOK, "<html>Sign in</html>", "Content-Type", "text/html")))
	if err := c.DeleteToken(t.Context(), cloudfleet.KnownToken{ID: someID}); err == nil {
		t.Error("got no error")
	}
}

func TestErrorsOfOthers(t *testing.T) {
	t.Parallel()
	wrapped := fmt.Errorf("reading: %w", &cloudfleet.Error{StatusCode: 404, Code: "not_found"})
	if !cloudfleet.IsNotFound(wrapped) || cloudfleet.StatusCode(wrapped) != 404 || cloudfleet.MayHaveActed(wrapped) {
		t.Error("a wrapped error is not recognized")
	}
	other := errors.New("not_found 404")
	if cloudfleet.IsNotFound(other) || cloudfleet.StatusCode(other) != 0 {
		t.Error("an error of somebody else is taken for the API's")
	}
	if cloudfleet.IsNotFound(nil) || cloudfleet.StatusCode(nil) != 0 || cloudfleet.MayHaveActed(nil) {
		t.Error("no error is taken for one")
	}
}

// A request that was not sent has no effect, and users must not be told to look for one.
func TestMayHaveActedOnWhatWasNeverSent(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	c := newClient(t, serve(t, http.HandlerFunc(hang)))
	untrusted := httptest.NewUnstartedServer(http.HandlerFunc(hang))
	untrusted.Config.ErrorLog = discard
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	for name, do := range map[string]func() error{
		"cancelled before": func() error { return callNamed(t, "create", "").do(cancelled, c) },
		"not an ID":        func() error { return callNamed(t, "regenerate", "..").do(t.Context(), c) },
		"unavailable": func() error {
			return callNamed(t, "create", "").do(t.Context(), cloudfleet.Unavailable(errors.New("not yet")))
		},
		"untrusted server": func() error {
			o := cloudfleet.Options{Endpoint: untrusted.URL, AccessTokenID: someID, AccessTokenSecret: someSecret}
			return callNamed(t, "create", "").do(t.Context(), newClient(t, o))
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := do(); err == nil || cloudfleet.MayHaveActed(err) {
				t.Errorf("MayHaveActed is true of %v", err)
			}
		})
	}
}

func TestSecretsStayOutOfSight(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []string
	see := func(format string, values ...any) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, fmt.Sprintf(format, values...))
	}
	const issued = "cf_secret_ISSUEDissuedISSUEDissuedISSUEDis"
	withSecret := func(s string) string { return `{"id":"` + someID + `","secret":` + s }
	for name, handler := range map[string]http.HandlerFunc{
		"good":         answer(200, withSecret(`"`+issued+`"}`)),
		"cut short":    answer(200, withSecret(`"`+issued)),
		"broken off":   answer(200, withSecret(`"`+issued), "Content-Length", "1000"),
		"wrong type":   answer(200, withSecret(`["`+issued+`"]}`)),
		"other token":  answer(200, `{"id":"other","secret":"`+issued+`"}`),
		"server error": answer(500, withSecret(`"`+issued+`"}`), "Content-Type", "application/json"),
		"redirect":     answer(307, withSecret(`"`+issued+`"}`), "Location", "https://example.com/"+issued),
		"cut":          cut,
		"echo": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusBadGateway)
			_ = r.Header.Write(w)
		},
	} {
		o := serve(t, handler)
		o.MaxRetries = 1
		o.Log = func(_ context.Context, message string, fields ...map[string]any) {
			see("log of %s: %s %#v", name, message, fields)
		}
		for _, call := range calls(someID) {
			if err := call.do(t.Context(), newClient(t, o)); err != nil {
				see("%s, error of %s: %s %+v %#v", name, call.name, err, err, err)
			}
		}
	}
	o := cloudfleet.Options{Endpoint: "http://127.0.0.1:1", AccessTokenID: someID, AccessTokenSecret: someSecret}
	_, err := newClient(t, o).GetOrganization(t.Context())
	see("nobody there: %s %#v", err, err)

	finder := canary.New(someSecret, issued)
	for _, text := range seen {
		finder.Check(t, "the client", text)
	}
	if len(seen) < 100 {
		t.Errorf("only %d texts were looked at", len(seen))
	}
}

func TestLogOfEachAttempt(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	cloud.failFirst(1, http.HandlerFunc(cut))
	var entries []map[string]any
	cloud.options.Log = func(_ context.Context, _ string, fields ...map[string]any) { entries = append(entries, fields...) }
	if _, err := newClient(t, cloud.options).GetOrganization(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(entries) != 2 {
		t.Fatalf("got %v, want an entry for each of two attempts", entries)
	}
	if entries[0]["error"] == nil || entries[0]["status"] != nil {
		t.Errorf("the cut was logged as %v", entries[0])
	}
	if entries[1]["status"] != 200 || entries[1]["request_id"] == "" || entries[1]["method"] != "GET" {
		t.Errorf("the answer was logged as %v", entries[1])
	}
}

// A 404 or 405 that no API sends, or to a call that needs nothing but the API, tells of a
// wrong endpoint.
func TestIsWrongEndpoint(t *testing.T) {
	for name, test := range map[string]struct {
		status     int
		code, path string
		want       bool
	}{
		"no code":                  {404, "", "/v1/tokens/x", true},
		"405 without a code":       {405, "", "/v1/tokens/x", true},
		"a list":                   {404, "not_found", "/v1/tokens", true},
		"a token":                  {404, "not_found", "/v1/tokens/x", false},
		"405 for a token":          {405, "method_not_allowed", "/v1/tokens/x", false},
		"500":                      {500, "", "/v1/tokens", false},
		"500 for a token":          {500, "", "/v1/tokens/x", false},
		"another error for a list": {422, "invalid", "/v1/tokens", false},
	} {
		if got := cloudfleet.IsWrongEndpoint(&cloudfleet.Error{StatusCode: test.status, Code: test.code, Path: test.path}); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// A redirect is no success: the server has done nothing.
func TestRedirectHasNotActed(t *testing.T) {
	for status, acted := range map[int]bool{200: true, 299: true, 300: false, 404: false} {
		if got := cloudfleet.MayHaveActed(&cloudfleet.Error{StatusCode: status}); got != acted {
			t.Errorf("%d: %t", status, got)
		}
	}
}

// A note about the credential stands beside its rejection, and beside nothing else.
func TestCredentialNote(t *testing.T) {
	c := start(t)
	for name, test := range map[string]struct {
		note, secret string
		says         bool
	}{
		"rejected":      {"NOTE", "wrong", true},
		"without one":   {"", "wrong", false},
		"another error": {"NOTE", c.options.AccessTokenSecret, false},
	} {
		o := c.options
		o.CredentialNote, o.AccessTokenSecret = test.note, test.secret
		client := newClient(t, o)
		_, err := client.GetToken(t.Context(), "2iKo4Asy51EUx2gpJFW76t")
		if err == nil || strings.Contains(err.Error(), "NOTE") != test.says || strings.HasSuffix(err.Error(), " ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
