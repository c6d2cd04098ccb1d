package faultmatrix_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// row is a fault, and what else a row of the matrix needs.
type row struct {
	tokentest.Fault
	// organization is set if the fault also affects the call that reads the organization.
	organization bool
	// onlyOnce is set if the fault makes no sense for a whole run.
	onlyOnce bool
	// respells is set if the server stores another name than it was sent.
	respells bool
	// notFor reports whether the fault cannot happen to a call.
	notFor func(operation) bool
}

// oddities are answers of real servers that no contract promises.
func oddities() []row {
	const limited, runAgain = "429 Too Many Requests (rate_limited)", "run it again"
	retryAfter := func(value func() string) tokentest.FaultHandler { return tokentest.Decline(429, "rate_limited", value) }
	return []row{
		{Fault: tokentest.Fault{Name: "429, `Retry-After` of 0", Says: []string{limited, runAgain},
			Does: retryAfter(func() string { return "0" })}},
		{Fault: tokentest.Fault{Name: "429, `Retry-After` with decimals", Says: []string{limited, runAgain},
			Does: retryAfter(func() string { return "0.5" })}},
		{Fault: tokentest.Fault{Name: "429, `Retry-After` as a date in the past", Says: []string{limited, runAgain},
			Does: retryAfter(func() string { return time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat) })}},
		{Fault: tokentest.Fault{Name: "404 from another organization", Says: []string{"belongs to another organization"}, Does: foreign},
			organization: true},
		{Fault: tokentest.Fault{Name: "404 for a moment after the token was issued", Does: tokentest.Decline(404, "not_found", nil)},
			onlyOnce: true, notFor: func(op operation) bool { return !strings.HasPrefix(op.call, "GET /v1/tokens/") }},
		{Fault: tokentest.Fault{Name: "410", Says: []string{"410 Gone"}, Does: tokentest.Decline(410, "gone", nil)}},
		{Fault: tokentest.Fault{Name: "200 with a body for a delete", Does: deleted(200, `{"status": "deleted"}`)}, notFor: isNoDelete},
		{Fault: tokentest.Fault{Name: "202 for a delete", Does: deleted(202, "")}, notFor: isNoDelete},
		{Fault: tokentest.Fault{Name: "answer without dates, role and name", Does: sparse}},
		{Fault: tokentest.Fault{Name: "another spelling of the name stored", Does: respelled}, onlyOnce: true, respells: true,
			notFor: func(op operation) bool {
				return !strings.HasPrefix(op.call, "P") || strings.Contains(op.call, "/regenerate")
			}},
	}
}

func isNoDelete(op operation) bool { return !strings.HasPrefix(op.call, "DELETE") }

func foreign(_ http.Handler, w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v1/organization" {
		tokentest.AnswerWith(200, `{"id": "00000000-0000-4000-8000-000000000000", "name": "Another"}`)(nil, w, r)
		return
	}
	tokentest.Decline(404, "not_found", nil)(nil, w, r)
}

func deleted(status int, body string) tokentest.FaultHandler {
	return tokentest.After(tokentest.AnswerWith(status, body))
}

// sparse removes from an answer what the provider does not need.
func sparse(api http.Handler, w http.ResponseWriter, r *http.Request) {
	tokentest.Rewrite(func(_ *http.Request, body map[string]any) {
		for _, name := range []string{"created_at", "updated_at", "role", "name"} {
			delete(body, name)
		}
	})(api).ServeHTTP(w, r)
}

// respelled stores the name in capital letters.
func respelled(api http.Handler, w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var one map[string]string
	if json.Unmarshal(body, &one) == nil {
		one["name"] = strings.ToUpper(one["name"])
		body, _ = json.Marshal(one)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	api.ServeHTTP(w, r)
}
