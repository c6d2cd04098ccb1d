package acctest

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/terraformcli"
)

// Missing skips a test because a program is missing. If CI is set, the test fails
// instead.
func Missing(t *testing.T, format string, values ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, values...)
	}
	t.Skipf(format, values...)
}

// Processes are the CLI and the provider as separate processes, for what cannot be tested
// with a provider inside the test.
type Processes struct {
	cli, plugins string
}

// NewProcesses builds the provider. It skips the test if acceptance tests are off, or if
// the CLI does not have the feature.
func NewProcesses(t *testing.T, f Feature) Processes {
	t.Helper()
	return ProcessesWith(t, f, terraformcli.BuildProvider)
}

// ProcessesWith is NewProcesses with another program as the provider, which build puts
// into dir under the provider's name.
func ProcessesWith(t *testing.T, f Feature, build func(ctx context.Context, dir string) error) Processes {
	t.Helper()
	Need(t, f)
	p := Processes{os.Getenv("TF_ACC_TERRAFORM_PATH"), t.TempDir()}
	if err := build(t.Context(), p.plugins); err != nil {
		t.Fatal(err)
	}
	return p
}

// Folder returns a folder with this configuration, and an environment that configures the
// provider for cloud with an Administrator's credentials.
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
	// A provider that is killed leaves its socket. The path must be short, because sockets
	// allow only about 100 characters.
	sockets, err := os.MkdirTemp("", "tf") //nolint:usetesting // t.TempDir has a long path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(sockets) })
	folder.Env = append(append(folder.Env, "TMPDIR="+sockets), cloud.Environment(cloud.Endpoint)...)
	return folder
}
