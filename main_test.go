package main

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// The arrows between packages point down, and the binary that is shipped takes in
// nothing that is for tests.
func TestDependencies(t *testing.T) {
	for _, test := range []struct{ of, forbidden, why string }{
		{".", `plugin-testing|kin-openapi|httptest|internal/(mockserver|acctest|protocoltest|cloudfleet/contract)`, "nothing for tests is shipped"},
		{"./internal/cloudfleet", `terraform-plugin|internal/(apitoken|organization|provider|registry|tfdiag|validate)`, "the client stands on its own"},
		{"./internal/apitoken", `internal/(organization|registry|provider)$`, "a room knows neither its sister nor the provider"},
		{"./internal/organization", `internal/(apitoken|registry|provider)$`, "a room knows neither its sister nor the provider"},
		{"./internal/registry", `internal/(apitoken|organization|provider)$`, "a room knows neither its sister nor the provider"},
		{"./internal/dockerconfig", `terraform-plugin|internal/(cloudfleet|apitoken|organization|provider|registry|tfdiag|validate)`, "Docker's configuration stands on its own"},
		{"./internal/mockserver", `internal/(cloudfleet|provider)`, "the mock server is written against the contract alone"},
	} {
		out, err := exec.Command("go", "list", "-deps", test.of).Output()
		if err != nil {
			t.Fatal(err)
		}
		forbidden := regexp.MustCompile(test.forbidden)
		for dependency := range strings.FieldsSeq(string(out)) {
			if forbidden.MatchString(dependency) {
				t.Errorf("%s depends on %s, but %s", test.of, dependency, test.why)
			}
		}
	}
}
