package main

import (
	"maps"
	"os"
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
	t.Parallel()
	const n = 10
	s, err := prepare(t.Context(), t.TempDir(), os.Getenv("TF_ACC_TERRAFORM_PATH"))
	if err != nil {
		t.Fatal(err)
	}
	measured, err := s.measure(t.Context(), []scenario{
		{subject: subjectFloor, tokens: n},
		{subject: subjectStorer, tokens: n, planOnly: true},
		{subject: subjectProvider, tokens: n, latency: time.Millisecond, planOnly: true},
		{subject: subjectStorer, tokens: n, rateLimit: n / 2},
		{subject: subjectStorer, tokens: n, latency: time.Second},
		{subject: subjectProvider, tokens: n, rateLimit: 1000},
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := 4 + 1 + 1 + 4 + 4 + 4; len(measured) != want {
		t.Errorf("got %d measurements, want %d", len(measured), want)
	}
	for _, m := range measured {
		if m.Failure != "" || m.Seconds <= 0 || m.Refused > 0 {
			t.Errorf("%s took %f s, was refused %d times, and failed with %q", m.key, m.Seconds, m.Refused, m.Failure)
		}
		if waits := m.Subject == subjectStorer && m.Operation != opPlan; waits && m.Seconds < 1 {
			t.Errorf("%s took %f s, and not the second for which half of its writes have to wait", m.key, m.Seconds)
		}
		if hasProvider := m.Subject != subjectFloor; (m.PeakMemory > 4<<20) != hasProvider {
			t.Errorf("%s took %d bytes", m.key, m.PeakMemory)
		}
		if callsAPI := m.Subject == subjectProvider; (m.Connections > 0) != callsAPI {
			t.Errorf("%s opened %d connections", m.key, m.Connections)
		}
		writes := maps.Clone(m.Calls)
		maps.DeleteFunc(writes, func(kind string, _ int) bool { return kind == callOrganization || kind == callGet || kind == callList })
		want := map[string]int{}
		if kind := writeOf[m.Operation]; kind != "" && m.Subject == subjectProvider {
			want[kind] = n
		}
		if !maps.Equal(writes, want) {
			t.Errorf("%s wrote %v, want %v", m.key, writes, want)
		}
	}

	broken := *s
	broken.binaries = map[string]string{subjectProvider: s.dir}
	measured, err = broken.measure(t.Context(), []scenario{{subject: subjectProvider, tokens: n}})
	if err != nil || len(measured) != 1 || measured[0].Failure == "" {
		t.Errorf("got %v and the error %v, want one failure", measured, err)
	}

	binaries, err := s.examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range binaries {
		if b.Size < 1<<20 || b.StartUp <= 0 {
			t.Errorf("got %v", b)
		}
	}
}

// writeOf is the kind of call with which an operation changes a token.
var writeOf = map[string]string{opApply: callCreate, opRotate: callRegenerate, opDestroy: callDelete}
