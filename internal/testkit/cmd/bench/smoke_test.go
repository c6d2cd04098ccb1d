package main

import (
	"os"
	"strings"
	"testing"
	"time"

	// Chooses the CLI.
	_ "github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
)

// The whole benchmark, with a few tokens.
func TestAccMeasure(t *testing.T) {
	if os.Getenv("TF_ACC") == "" {
		t.Skip("runs a CLI: set TF_ACC")
	}
	const n = 10
	t.Parallel()
	s, err := prepare(t.Context(), t.TempDir(), os.Getenv("TF_ACC_TERRAFORM_PATH"))
	if err != nil {
		t.Fatal(err)
	}
	list := []scenario{{floor, n, 0, 0}, {storer, n, 0, 0}, {provider, n, time.Millisecond, 0}}
	measured, err := s.measure(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	if len(measured) != len(list)*len(operations) {
		t.Errorf("got %d measurements", len(measured))
	}
	writes := map[string]string{"apply": "POST /tokens", "rotate": "POST /tokens/{id}/regenerate", "destroy": "DELETE /tokens/{id}"}
	peak := map[string]int64{}
	for _, m := range measured {
		label := m.operation + " of " + m.subject
		if m.wall <= 0 || m.cpu <= 0 || m.refused > 0 {
			t.Errorf("%s: %+v", label, m)
		}
		peak[m.subject] = max(peak[m.subject], m.peak)
		callsAPI := m.subject == provider
		if write := writes[m.operation]; (m.connections > 0) != callsAPI || callsAPI && write != "" && m.calls[write] != n {
			t.Errorf("%s opened %d connections, and called %v", label, m.connections, m.calls)
		}
	}
	if peak[floor] != 0 || peak[storer] < 4<<20 || peak[provider] < 4<<20 {
		t.Errorf("they took %v bytes", peak)
	}
	if rows := strings.Count(table(measured), "\n"); rows != 2+len(measured) {
		t.Errorf("the table has %d rows", rows)
	}

	if err := os.WriteFile(s.binary(provider), nil, 0o700); err != nil {
		t.Fatal(err)
	}
	if measured, err = s.measure(t.Context(), list[2:]); err == nil {
		t.Errorf("of a broken provider got %+v", measured)
	}
}
