package contract

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/guide"
)

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
	for name, table := range tables {
		guide.Compare(t, "SOURCES.md", name, "| element | |\n|---|---|\n"+table.String())
	}
}
