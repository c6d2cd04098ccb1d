package examples_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

// The scheduled example rotates twice with the real provider time, after the date in its
// state is over.
func TestClientTime(t *testing.T) {
	t.Parallel()
	newFolder := folders(t)
	provider, err := exec.LookPath("../../../bin/terraform-provider-time")
	if err != nil {
		t.Skip("there is no terraform-provider-time here: make clients builds it, and runs this test")
	}
	provider, err = filepath.Abs(provider)
	must(t, err)
	r := start(t, newFolder, "quarterly-rotation", wholes["quarterly-rotation"], "hashicorp/time")
	must(t, r.Override("hashicorp/time", filepath.Dir(provider)))
	for range 2 {
		r.expectRotation(cloudfleet.RoleAdministrator, func() login {
			l := login{Password: r.githubPassword()}
			r.output("registry_user", &l.Username)
			return l
		}, func() {
			r.expectEmptyPlan()
			r.endQuarter()
		})
	}
	r.finish()
}

// endQuarter moves the end of the quarter in the state to the past.
func (r *run) endQuarter() {
	r.Helper()
	file := filepath.Join(r.Dir, "terraform.tfstate")
	var state map[string]any
	must(r.T, json.Unmarshal([]byte(read(r.T, file)), &state))
	resources, _ := state["resources"].([]any)
	ended := 0
	for _, one := range resources {
		resource, _ := one.(map[string]any)
		instances, _ := resource["instances"].([]any)
		if resource["type"] != "time_rotating" || len(instances) != 1 {
			continue
		}
		instance, _ := instances[0].(map[string]any)
		attributes, _ := instance["attributes"].(map[string]any)
		attributes["rotation_rfc3339"] = "2026-01-01T00:00:00Z"
		ended++
	}
	r.equal("the number of quarters that end", ended, 1)
	content, err := json.Marshal(state)
	must(r.T, err)
	must(r.T, os.WriteFile(file, content, 0o600))
}
