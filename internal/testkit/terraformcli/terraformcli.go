// Package terraformcli runs a real Terraform CLI with the provider as a separate binary,
// as on a user's machine, but without `terraform init` and its downloads. It is for tests
// and the demo.
package terraformcli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Build builds a command of this repository into dir, and returns its path. It must be
// called from inside the repository.
func Build(ctx context.Context, dir, name, source string) (string, error) {
	const module = "github.com/cloudfleet/terraform-provider-cloudfleet"
	path := filepath.Join(dir, name)
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", path, module+source).CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", module+source, err, out)
	}
	return path, nil
}

// BuildProvider builds the provider into dir, where a CLI finds it.
func BuildProvider(ctx context.Context, dir string) error {
	_, err := Build(ctx, dir, "terraform-provider-cloudfleet", "")
	return err
}

// Folder is a working folder with a configuration and its CLI.
type Folder struct {
	Dir string
	// CLI is the path of terraform or tofu.
	CLI string
	// Env is the whole environment of the CLI and of the provider.
	Env []string
}

// New makes dir a folder in which the CLI takes the provider from plugins. Its Env has
// only PATH of the caller's environment.
func New(dir, cli, plugins string) (*Folder, error) {
	config := filepath.Join(dir, ".cli.tfrc")
	err := os.WriteFile(config, fmt.Appendf(nil, `
provider_installation {
  dev_overrides {
    "cloudfleet/cloudfleet" = %q
  }
}
disable_checkpoint = true
`, plugins), 0o600)
	return &Folder{Dir: dir, CLI: cli, Env: []string{
		"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "TF_CLI_CONFIG_FILE=" + config, "TF_IN_AUTOMATION=1", "TF_INPUT=0",
	}}, err
}

// Override lets the CLI take another provider from a folder, for providers that are not
// reattached.
func (f *Folder) Override(source, dir string) error {
	config := filepath.Join(f.Dir, ".cli.tfrc")
	content, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	const block = "dev_overrides {"
	more := fmt.Sprintf("%s\n    %q = %q", block, source, dir)
	return os.WriteFile(config, []byte(strings.Replace(string(content), block, more, 1)), 0o600)
}

// Command returns the CLI with these arguments. When ctx ends, it is interrupted as with
// Ctrl-C, and killed half a minute later.
func (f *Folder) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, f.CLI, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	cmd.Dir, cmd.Env = f.Dir, f.Env
	return cmd
}

// Run runs the CLI and returns its standard output, or an error with its whole output.
func (f *Folder) Run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := f.Command(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.Bytes(), fmt.Errorf("%s %s: %w\n%s%s", f.CLI, strings.Join(args, " "), err, &stdout, &stderr)
	}
	return stdout.Bytes(), nil
}
