// Package guide compares the tables of the guides with what tests find.
package guide

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the tests found into the guide that shows it")

// Compare compares what was found with a part of a page: that between the two marks of
// this name. With -update it changes the page.
func Compare(t *testing.T, path, name, found string) {
	t.Helper()
	begin, end := "<!-- "+name+": begin -->\n", "<!-- "+name+": end -->\n"
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(content), begin)
	old, tail, ok2 := strings.Cut(rest, end)
	switch {
	case !ok || !ok2:
		t.Fatalf("%s has no marks for %s", path, name)
	case old == found:
	case *update:
		if err := os.WriteFile(path, []byte(head+begin+found+end+tail), 0o600); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is not what was found. Run the test with -update, and look at what has changed:\n%s", path, found)
	}
}
