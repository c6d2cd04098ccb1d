package apitoken_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/terraformcli"
)

// The CLI closes nothing where what uses the token fails. The provider does then,
// when its process ends, so this needs a process.
func TestAccEphemeralTokenOfARunThatEndsBadly(t *testing.T) {
	if os.Getenv(resource.EnvTfAcc) == "" {
		t.Skip("acceptance tests run with TF_ACC=1")
	}
	cli := os.Getenv("TF_ACC_TERRAFORM_PATH")
	skipBelow(t, cli, tfversion.Version1_10_0)
	plugins := t.TempDir()
	must(t, terraformcli.BuildProvider(t.Context(), plugins))

	for name, test := range map[string]struct {
		command string
		end     func(*exec.Cmd) error
	}{
		"what uses the token fails": {"exit 1", nil},
		"interrupted":               {"touch started && sleep 60", func(c *exec.Cmd) error { return c.Process.Signal(os.Interrupt) }},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := acctest.Start(t, mockserver.Options{})
			folder, err := terraformcli.New(t.TempDir(), cli, plugins)
			must(t, err)
			must(t, os.WriteFile(filepath.Join(folder.Dir, "main.tf"), []byte(`
terraform {
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
  }
}
`+cloud.ProviderBlock()+run+`
resource "terraform_data" "user" {
  provisioner "local-exec" {
    command     = "`+test.command+`"
    environment = { SECRET = ephemeral.cloudfleet_api_token.run.secret }
  }
}
`), 0o600))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := folder.Command(ctx, "apply", "-auto-approve", "-no-color")
			var out strings.Builder
			cmd.Stdout, cmd.Stderr = &out, &out
			must(t, cmd.Start())
			if test.end != nil {
				waitFor(t, filepath.Join(folder.Dir, "started"))
				must(t, test.end(cmd))
			}
			if err := cmd.Wait(); err == nil || !strings.Contains(out.String(), "local-exec provisioner error") {
				t.Errorf("the run did not end badly: %v\n%s", err, &out)
			}
			if left := names(cloud); len(left) > 0 || len(cloud.Writes()) != 4 {
				t.Errorf("left %q after %v\n%s", left, cloud.Writes(), &out)
			}
		})
	}
}

func waitFor(t *testing.T, file string) {
	t.Helper()
	for range 300 {
		if _, err := os.Stat(file); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s did not appear", file)
}

func skipBelow(t *testing.T, cli string, minimum *version.Version) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), cli, "version", "-json").Output()
	must(t, err)
	var answer struct {
		Version string `json:"terraform_version"`
	}
	must(t, json.Unmarshal(out, &answer))
	if have := version.Must(version.NewVersion(answer.Version)); have.LessThan(minimum) {
		t.Skipf("CLI version %s is below %s", have, minimum)
	}
}
