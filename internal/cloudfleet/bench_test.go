package cloudfleet_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const tokenFields = `"name": "ci", "role": "User", "created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-02T03:04:05Z"`

// The answers are canned, so that only the client and the network of this machine
// are measured.

func BenchmarkGetToken(b *testing.B) {
	c := newClient(b, serve(b, answer(http.StatusOK, fmt.Sprintf(`{"id": %q, %s}`, someID, tokenFields))))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.GetToken(b.Context(), someID); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkListTokensPage(b *testing.B) {
	const size = 100
	var tokens []string
	for i := range size {
		tokens = append(tokens, fmt.Sprintf(`{"id": "%s%d", %s}`, someID, i, tokenFields))
	}
	c := newClient(b, serve(b, answer(http.StatusOK, "["+strings.Join(tokens, ",")+"]")))
	b.ReportAllocs()
	for b.Loop() {
		if tokens, err := list(b.Context(), c); err != nil || len(tokens) != size {
			b.Fatalf("got %d tokens and the error %v", len(tokens), err)
		}
	}
}

func BenchmarkCreateToken(b *testing.B) {
	c := newClient(b, serve(b, answer(http.StatusCreated, fmt.Sprintf(`{"id": %q, %s, "secret": %q}`, someID, tokenFields, someSecret))))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := c.CreateToken(b.Context(), settings); err != nil {
			b.Fatal(err)
		}
	}
}
