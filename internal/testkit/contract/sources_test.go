package contract

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the list of assumptions into its guide")

const guide = "../../../templates/guides/assumptions.md.tmpl"

// Each element of the contract says whether the vendor has published it, and the guide
// lists them.
func TestSources(t *testing.T) {
	sources, err := Sources()
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string]*strings.Builder{"published": {}, "assumed": {}}
	for _, source := range sources {
		table := tables[source.From]
		if table == nil {
			t.Errorf("%s is neither published nor assumed, but %q", source.Element, source.From)
			continue
		}
		fmt.Fprintf(table, "| `%s` | %s |\n", source.Element, strings.ReplaceAll(strings.TrimSpace(source.Says), "|", "\\|"))
	}
	if len(sources) < 40 {
		t.Errorf("there are only %d elements", len(sources))
	}
	content, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	want := string(content)
	for name, table := range tables {
		begin, end := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->"
		i, j := strings.Index(want, begin), strings.Index(want, end)
		if i < 0 || j < 0 {
			t.Fatalf("the guide has no place for what is %s", name)
		}
		want = want[:i+len(begin)] + "| element | |\n|---|---|\n" + table.String() + want[j:]
	}
	if *update {
		if err := os.WriteFile(guide, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if want != string(content) {
		t.Error("the guide is not what the document says: run go test ./internal/testkit/contract -run TestSources -update, and make docs")
	}
}
