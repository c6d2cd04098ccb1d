package acctest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// Starting a CLI is what an acceptance test takes its time for. So the rows of a table
// stand side by side in one configuration, each with a label of its own.

// Label is the name of a row as HCL takes it.
func Label(row string) string {
	return "row_" + regexp.MustCompile(`\W+`).ReplaceAllString(row, "_")
}

// Relabel gives each resource of a configuration, and each reference to one, this label
// in place of its own.
func Relabel(config, label string) string {
	for _, match := range regexp.MustCompile(`(?m)^resource "(\w+)" "(\w+)"`).FindAllStringSubmatch(config, -1) {
		kind, old := match[1], match[2]
		config = strings.ReplaceAll(config, fmt.Sprintf("%q %q", kind, old), fmt.Sprintf("%q %q", kind, label))
		config = strings.ReplaceAll(config, kind+"."+old+".", kind+"."+label+".")
	}
	return config
}

// PlanErrors plans config, under a CLI with the feature, and
// returns the errors of the plan by the label of the row that the CLI names in them.
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
