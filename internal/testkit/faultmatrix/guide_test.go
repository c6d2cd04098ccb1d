package faultmatrix_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the tests found into the guide that shows it")

// table is a table of the guide.
type table struct {
	title   string
	rows    []row
	lasting bool
	cells   [][]string
}

func (m *table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n| fault |", m.title)
	for _, op := range operations() {
		b.WriteString(" " + op.name + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(operations())) + "\n")
	for i, f := range m.rows {
		fmt.Fprintf(&b, "| %s | %s |\n", f.Name, strings.Join(m.cells[i], " | "))
	}
	return b.String()
}

// compareWithGuide compares the part of a guide between its two marks with the results,
// or updates it with -update.
func compareWithGuide(t *testing.T, path, found string) {
	t.Helper()
	const begin, end = "<!-- found by a test: begin -->\n", "<!-- found by a test: end -->\n"
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(content), begin)
	old, tail, ok2 := strings.Cut(rest, end)
	switch {
	case !ok || !ok2:
		t.Fatalf("%s has no marks", path)
	case old == found, testing.Short() && strings.HasPrefix(old, found):
	case *update:
		if err := os.WriteFile(path, []byte(head+begin+found+end+tail), 0o600); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is not what was found. Run the test with -update, and look at what has changed:\n%s", path, found)
	}
}
