package acctest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/terraformcli"
)

// Missing skips a test because of a program that is not on this machine. Where CI is
// set, everything has to be there, and it fails.
func Missing(t *testing.T, format string, values ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, values...)
	}
	t.Skipf(format, values...)
}

// Processes are the CLI and the provider as processes of their own, for what does
// not show where the provider is served from within the test.
type Processes struct {
	cli, plugins string
}

// NewProcesses builds the provider. It skips a test that is no acceptance test, or
// under a CLI whose version is below minimum.
func NewProcesses(t *testing.T, minimum *version.Version) Processes {
	t.Helper()
	return ProcessesWith(t, minimum, terraformcli.BuildProvider)
}

// ProcessesWith is NewProcesses with something else in the provider's place, which
// build puts into dir under the provider's name.
func ProcessesWith(t *testing.T, minimum *version.Version, build func(ctx context.Context, dir string) error) Processes {
	t.Helper()
	if os.Getenv(resource.EnvTfAcc) == "" {
		t.Skip("acceptance tests run with TF_ACC=1")
	}
	p := Processes{os.Getenv("TF_ACC_TERRAFORM_PATH"), t.TempDir()}
	skipBelow(t, p.cli, minimum)
	if err := build(t.Context(), p.plugins); err != nil {
		t.Fatal(err)
	}
	return p
}

func skipBelow(t *testing.T, cli string, minimum *version.Version) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), cli, "version", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	if have := version.Must(version.NewVersion(answer.Version)); have.LessThan(minimum) {
		t.Skipf("CLI version %s is below %s", have, minimum)
	}
}

// Folder is a folder with this configuration, and an environment that points the
// provider at cloud with an Administrator's credentials.
func (p Processes) Folder(t *testing.T, cloud *Cloud, config string) *terraformcli.Folder {
	t.Helper()
	folder, err := terraformcli.New(t.TempDir(), p.cli, p.plugins)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder.Dir, "main.tf"), []byte(`
terraform {
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
  }
}
`+config), 0o600); err != nil {
		t.Fatal(err)
	}
	folder.Env = append(folder.Env, "CLOUDFLEET_ENDPOINT="+cloud.Endpoint, "CLOUDFLEET_ORGANIZATION_ID="+cloud.OrganizationID,
		"CLOUDFLEET_ACCESS_TOKEN_ID="+cloud.TokenID, "CLOUDFLEET_ACCESS_TOKEN_SECRET="+cloud.TokenSecret)
	return folder
}
