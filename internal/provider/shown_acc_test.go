package provider_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// What SECURITY.md cannot promise is what a CLI really does: if one stops showing secrets
// there, the row can go.
func TestAccWhatTheCLIShows(t *testing.T) {
	t.Parallel()
	processes := acctest.NewProcesses(t, acctest.Functions)
	const given = "cf_secret_00000000000000000000000000000000"
	cloud := acctest.Start(t, mockserver.Options{})
	folder := processes.Folder(t, cloud, `
variable "given" { default = "" }
resource "cloudfleet_api_token" "ci" {
  name = "ci"
  role = "User"
}
output "secret" {
  value     = cloudfleet_api_token.ci.secret
  sensitive = true
}
`)
	protocol := t.TempDir()
	base := folder.Env
	folder.Env = slices.Concat(base, []string{"TF_LOG_SDK_PROTO_DATA_DIR=" + protocol})
	if _, err := folder.Run(t.Context(), "apply", "-auto-approve"); err != nil {
		t.Fatal(err)
	}
	output, err := folder.Run(t.Context(), "output", "-raw", "secret")
	if err != nil {
		t.Fatal(err)
	}
	secret := string(output)
	if !cloud.Accepts(cloud.Issued()[0].ID, secret) {
		t.Fatal("the output is not the secret")
	}
	var recorded strings.Builder
	files, err := filepath.Glob(filepath.Join(protocol, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		recorded.Write(content)
	}
	if !strings.Contains(recorded.String(), secret) {
		t.Errorf("the recorded protocol has no secret, in %d files", len(files))
	}
	for _, args := range [][]string{{"output", "-json"}, {"show", "-json"}, {"state", "pull"}} {
		if out, err := folder.Run(t.Context(), args...); err != nil || !strings.Contains(string(out), secret) {
			t.Errorf("%v shows no secret: %v", args, err)
		}
	}

	folder.Env = slices.Concat(base, []string{"TF_LOG=INFO"})
	cmd := folder.Command(t.Context(), "plan", "-var=given="+given)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), given) {
		t.Errorf("the log has no -var: %v", err)
	}

	folder.Env = base
	broken := `output "x" { value = provider::cloudfleet::docker_config_json("not a host name", "ci", var.given) }`
	if err := os.WriteFile(filepath.Join(folder.Dir, "broken.tf"), []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Run(t.Context(), "plan", "-no-color", "-var=given="+given); err == nil || !strings.Contains(err.Error(), given) {
		t.Errorf("the error of a function does not show its variables: %v", err)
	}
}
