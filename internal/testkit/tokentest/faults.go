package tokentest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
)

// Fault is a failure of a call.
type Fault struct {
	Name string
	// Does answers in place of the API. Nil: there is no server.
	Does func(api http.Handler, w http.ResponseWriter, r *http.Request)
	// Says is what an error about it must contain.
	Says []string
}

// Names of faults, and what a message about one contains.
const (
	DeletedElsewhere = "404, deleted elsewhere"
	LinkElsewhere    = "`Link` to another host"

	runAgain   = "run it again"
	network    = "HTTPS_PROXY"
	fewMinutes = "in a few minutes"
	requestID  = "Request ID: mock-"
	NoWhole    = "no whole answer within the request timeout"
)

// Faults are all failures between the provider and the API. elsewhere is another server,
// which must receive nothing.
func Faults(elsewhere string) []Fault {
	return []Fault{
		{"connection refused", nil, []string{"connection refused", network, runAgain}},
		{"connection cut before the server acted", CutBefore, []string{"connection was closed", network, runAgain}},
		{"connection cut after the server acted", After(CutBefore), []string{"connection was closed", network, runAgain}},
		{"time-out before the server acted", func(_ http.Handler, _ http.ResponseWriter, r *http.Request) {
			received(r)
			<-r.Context().Done()
		}, []string{NoWhole, network, runAgain}},
		{"time-out after the server acted", func(api http.Handler, _ http.ResponseWriter, r *http.Request) {
			Act(api, r)
			<-r.Context().Done()
		}, []string{NoWhole, network, runAgain}},
		{"429, `Retry-After` in seconds", Decline(429, "rate_limited", func() string { return "1" }),
			[]string{"429 Too Many Requests (rate_limited)", requestID, "Retry-After: 1", runAgain}},
		{
			"429, `Retry-After` as a date",
			Decline(429, "rate_limited", func() string { return time.Now().UTC().Add(2 * time.Second).Format(http.TimeFormat) }),
			[]string{"429 Too Many Requests (rate_limited)", requestID, "Retry-After: ", runAgain},
		},
		{"429, `Retry-After` of an hour", Decline(429, "rate_limited", func() string { return "3600" }),
			[]string{"429 Too Many Requests (rate_limited)", requestID, "Retry-After: 3600", runAgain}},
		{"500", Decline(500, "internal", nil), []string{"500 Internal Server Error (internal)", requestID, fewMinutes}},
		{
			"500 after the server acted",
			After(Decline(500, "internal", nil)),
			[]string{"500 Internal Server Error (internal)", requestID, fewMinutes},
		},
		{"502 with a page of HTML", page(502), []string{"502 Bad Gateway", "text/html", requestID, fewMinutes}},
		{"503", Decline(503, "unavailable", nil), []string{"503 Service Unavailable (unavailable)", requestID, fewMinutes}},
		{"401", Decline(401, "unauthorized", nil), []string{"401 Unauthorized (unauthorized)", requestID, "CLOUDFLEET_ACCESS_TOKEN_SECRET"}},
		{"403", Decline(403, "forbidden", nil), []string{"403 Forbidden (forbidden)", requestID, "role Administrator"}},
		{DeletedElsewhere, gone, []string{"404 Not Found (not_found)", requestID, "new plan"}},
		{"404 with a page of HTML", page(404), []string{"404 Not Found", "text/html", requestID, "endpoint"}},
		{"409", Decline(409, "conflict", nil), []string{"409 Conflict (conflict)", requestID, runAgain}},
		{
			"422 with details",
			AnswerWith(
				422,
				`{"code": "validation_failed", "message": "The token is not valid.", "details": [{"field": "name", "message": "is taken"}]}`,
			),
			[]string{"422 Unprocessable Entity (validation_failed)", "Is taken.", requestID, runAgain},
		},
		{"answer cut short", After(cutShort), []string{"broke off", network, runAgain}},
		{"empty answer", After(AnswerWith(200, "")), []string{"200 OK", requestID, "report"}},
		{"answer of the wrong JSON type", After(AnswerWith(200, `"yes"`)), []string{"200 OK", requestID, "report"}},
		{"redirect to another host", func(_ http.Handler, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere+r.URL.Path, http.StatusTemporaryRedirect)
		}, []string{"307 Temporary Redirect", "redirect", requestID, "endpoint"}},
		{LinkElsewhere, func(api http.Handler, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", fmt.Sprintf(`<%s%s>; rel="next"`, elsewhere, r.URL.Path))
			api.ServeHTTP(w, r)
		}, []string{"200 OK", "not followed", requestID, "endpoint"}},
		{"answer of 100 MB", After(large), []string{"more than 4 MiB", network, runAgain}},
		{"answer in slow drips", After(drip), []string{NoWhole, network, runAgain}},
	}
}

// received reads the whole request: only then does a server notice that the client has
// left.
func received(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }

// Act lets the server act, and drops its answer.
func Act(api http.Handler, r *http.Request) { api.ServeHTTP(httptest.NewRecorder(), r) }

// Cut cuts the connection.
func Cut() { panic(http.ErrAbortHandler) }

// CutBefore cuts the connection before the API acts.
func CutBefore(_ http.Handler, _ http.ResponseWriter, r *http.Request) {
	received(r)
	Cut()
}

// FaultHandler answers in place of the API.
type FaultHandler = func(http.Handler, http.ResponseWriter, *http.Request)

// After lets the server act, and then answers in its place.
func After(then FaultHandler) FaultHandler {
	return func(api http.Handler, w http.ResponseWriter, r *http.Request) {
		Act(api, r)
		then(api, w, r)
	}
}

// AnswerWith answers with this status and body.
func AnswerWith(status int, body string) FaultHandler {
	return func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Decline answers with an error of the API.
func Decline(status int, code string, retryAfter func() string) FaultHandler {
	answer := AnswerWith(status, `{"code": "`+code+`", "message": "No.", "details": []}`)
	return func(api http.Handler, w http.ResponseWriter, r *http.Request) {
		if retryAfter != nil {
			w.Header().Set("Retry-After", retryAfter())
		}
		answer(api, w, r)
	}
}

func page(status int) FaultHandler {
	return func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<html><h1>Sorry</h1></html>")
	}
}

// gone deletes the token that a request is about before the API looks for it.
func gone(api http.Handler, w http.ResponseWriter, r *http.Request) {
	path, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1/tokens"), "/regenerate")
	if path == "" {
		Decline(404, "not_found", nil)(api, w, r)
		return
	}
	del := r.Clone(r.Context())
	del.Method, del.URL.Path, del.Body, del.ContentLength = http.MethodDelete, "/v1/tokens"+path, http.NoBody, 0
	Act(api, del)
	api.ServeHTTP(w, r)
}

func cutShort(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"id": "`)
}

func large(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
	chunk := make([]byte, 1<<20)
	for range 100 {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

func drip(_ http.Handler, w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		_, _ = io.WriteString(w, " ")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(200 * time.Millisecond)
	}
}

// WithholdSecret removes the secret from an answer that has one.
func WithholdSecret(api http.Handler, w http.ResponseWriter, r *http.Request) {
	answer := httptest.NewRecorder()
	api.ServeHTTP(answer, r)
	if !strings.Contains(answer.Body.String(), `"secret"`) {
		Cut()
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(answer.Code)
	_, _ = w.Write([]byte(strings.Replace(answer.Body.String(), `"secret"`, `"withheld"`, 1)))
}

// Breakages are the faults with which a write fails, and some more. For the provider, a
// timeout is a slow cut, and a 429 to wait for is one not to wait for.
func Breakages() []Fault {
	failing := slices.DeleteFunc(Faults("http://127.0.0.1:1"), func(f Fault) bool {
		waits := strings.HasPrefix(f.Name, "429") && !strings.HasSuffix(f.Name, "an hour")
		return f.Does == nil || f.Name == DeletedElsewhere || f.Name == LinkElsewhere || slices.Contains(f.Says, NoWhole) || waits
	})
	return append(failing, Fault{Name: "secret withheld", Does: WithholdSecret})
}

// BreakWrite breaks only the write with this number, from 0.
func BreakWrite(cloud *acctest.Cloud, number int, b FaultHandler) {
	var count atomic.Int64
	cloud.Intercept(func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet || count.Add(1) != int64(number+1) {
				api.ServeHTTP(w, r)
				return
			}
			b(api, w, r)
		})
	})
}

// IsSuccess reports whether the server acts and answers 2xx, with a body that matters
// only if one is expected.
func IsSuccess(f Fault) bool {
	return f.Name == "empty answer" || f.Name == "answer of the wrong JSON type"
}

// Rewrite calls change with the JSON of each answer that has a body.
func Rewrite(change func(r *http.Request, body map[string]any)) func(http.Handler) http.Handler {
	return func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			api.ServeHTTP(answer, r)
			var body map[string]any
			if json.Unmarshal(answer.Body.Bytes(), &body) == nil {
				change(r, body)
				answer.Body.Reset()
				_ = json.NewEncoder(answer.Body).Encode(body)
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(answer.Code)
			_, _ = w.Write(answer.Body.Bytes())
		})
	}
}
