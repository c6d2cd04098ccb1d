package acctest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// Most of the time of an acceptance test is spent in starting a CLI. So all rows of a
// table are in one configuration, each with its own label.

// Label is the name of a row as an HCL label.
func Label(row string) string {
	return "row_" + regexp.MustCompile(`\W+`).ReplaceAllString(row, "_")
}

// Relabel replaces the label of each resource in a configuration, and in references to
// it.
func Relabel(config, label string) string {
	for _, match := range regexp.MustCompile(`(?m)^resource "(\w+)" "(\w+)"`).FindAllStringSubmatch(config, -1) {
		kind, old := match[1], match[2]
		config = strings.ReplaceAll(config, fmt.Sprintf("%q %q", kind, old), fmt.Sprintf("%q %q", kind, label))
		config = strings.ReplaceAll(config, kind+"."+old+".", kind+"."+label+".")
	}
	return config
}

// PlanErrors plans config, with a CLI that has the feature, and returns the errors by the
// label of the row in them.
func PlanErrors(t *testing.T, f Feature, config string) map[string]string {
	t.Helper()
	Need(t, f)
	shown := ""
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: Factories,
		ErrorCheck: func(err error) error {
			shown = err.Error()
			return nil
		},
		Steps: []resource.TestStep{{Config: config, PlanOnly: true}},
	})
	errors := map[string]string{}
	for _, text := range strings.Split(shown, "\nError: ")[1:] {
		errors[regexp.MustCompile(`row_\w+`).FindString(text)] += "Error: " + text
	}
	return errors
}
