package main

import (
	"maps"
	"os"
	"testing"
	"time"

	// Chooses the CLI.
	_ "github.com/cloudfleet/terraform-provider-cloudfleet/internal/acctest"
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
	for _, sc := range []scenario{
		{subject: subjectFloor, tokens: n},
		{subject: subjectStorer, tokens: n, planOnly: true},
		{subject: subjectProvider, tokens: n, latency: time.Millisecond, planOnly: true},
		{subject: subjectProvider, tokens: n, rateLimit: 1000},
	} {
		measured, err := s.measure(t.Context(), sc)
		if err != nil {
			t.Fatalf("%v: %s", sc, err)
		}
		want := len(operations)
		if sc.planOnly {
			want = 1
		}
		if len(measured) != want {
			t.Errorf("%v: got %v", sc, measured)
		}
		for _, m := range measured {
			if m.Failure != "" || m.Seconds <= 0 || m.Refused > 0 {
				t.Errorf("got %v", m)
			}
			if withProvider := sc.subject != subjectFloor; (m.PeakMemory > 4<<20) != withProvider {
				t.Errorf("%s took %d bytes", sc.subject, m.PeakMemory)
			}
			if callsAPI := sc.subject == subjectProvider; (m.Connections > 0) != callsAPI {
				t.Errorf("%s opened %d connections", sc.subject, m.Connections)
			}
			writes := maps.Clone(m.Calls)
			maps.DeleteFunc(writes, func(kind string, _ int) bool { return kind == callOrganization || kind == callGet || kind == callList })
			expected := map[string]int{}
			if kind := writeOf[m.Operation]; kind != "" && sc.subject == subjectProvider {
				expected[kind] = n
			}
			if !maps.Equal(writes, expected) {
				t.Errorf("%s of %s wrote %v, want %v", m.Operation, sc.subject, writes, expected)
			}
		}
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

// writeOf is the one kind of call with which an operation changes a token.
var writeOf = map[string]string{opApply: callCreate, opRotate: callRegenerate, opDestroy: callDelete}
