package main

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// rooms are the packages of what the provider serves.
const rooms = "apitoken|decrypt|organization|registry"

// Arrows between packages point down, no room knows its sister, and what ships
// links nothing that is for tests.
func TestDependencies(t *testing.T) {
	for _, test := range []struct{ of, forbidden, why string }{
		{".", `plugin-testing|kin-openapi|httptest|go-containerregistry|oras-go/v2$|internal/(mockserver|acctest|bench|canary|protocoltest|testimage|cloudfleet/contract)`, "nothing for tests is shipped"},
		{"./internal/cloudfleet", `terraform-plugin|internal/(` + rooms + `|provider|tfdiag|validate)`, "the client stands on its own"},
		{"./internal/dockerconfig", `terraform-plugin|internal/(` + rooms + `|cloudfleet|provider|tfdiag|validate)`, "Docker's configuration stands on its own"},
		{"./internal/sealing", `terraform-plugin|internal/(` + rooms + `|cloudfleet|provider|tfdiag|validate)`, "encryption stands on its own"},
		{"./internal/oci", `terraform-plugin|internal/(` + rooms + `|cloudfleet|provider|tfdiag|validate)`, "the registry's client stands on its own"},
		{"./internal/mockserver", `internal/(cloudfleet|provider)`, "the mock server is written against the contract alone"},
	} {
		refuse(t, test.of, test.forbidden, test.why)
	}
	for room := range strings.SplitSeq(rooms, "|") {
		sisters := strings.ReplaceAll("|"+rooms+"|", "|"+room+"|", "|")
		refuse(t, "./internal/"+room, `internal/(provider`+strings.TrimSuffix(sisters, "|")+`)$`, "a room knows neither its sister nor the provider")
	}
}

func refuse(t *testing.T, of, forbidden, why string) {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", of).Output()
	if err != nil {
		t.Fatal(err)
	}
	pattern := regexp.MustCompile(forbidden)
	for line := range strings.Lines(string(out)) {
		if found := strings.TrimSpace(line); pattern.MatchString(found) {
			t.Errorf("%s: %s imports %s", why, of, found)
		}
	}
}
