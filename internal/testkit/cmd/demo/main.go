// Command demo shows the provider's main job end to end, with a mock server: a Terraform
// CLI creates tokens, an image is pushed and pulled with them, one is rotated and all are
// deleted. Every step is checked, and the first failure ends the demo with an error.
//
// It runs the CLI in TF_ACC_TERRAFORM_PATH, from the root of the repository: see `make
// demo`.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// stepLimit limits a step of the CLI. Compilers and downloads have no limit.
const stepLimit = 5 * time.Minute

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "\nThe demo failed: %s\n", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "cloudfleet-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	say("Building the provider and a mock server that stands in for Cloudfleet: the first time takes some minutes")
	stage, err := prepare(ctx, dir)
	if err != nil {
		return err
	}
	defer stage.close()
	say("Using %s on examples/quickstart", stage.cliVersion)

	say("\n$ %s apply", stage.cliName)
	if err := stage.change(ctx, "apply", "rotation=2026-Q1"); err != nil {
		return err
	}
	first, err := stage.outputs(ctx)
	if err != nil {
		return err
	}
	say("  registry   %s", first.Registry.Value)
	say("  pipeline   %s  (Administrator)", first.Pipeline.Value)
	say("  deployer   %s  (User)", first.Deployer.Value)

	say("\n$ %s plan", stage.cliName)
	if err := stage.planIsEmpty(ctx); err != nil {
		return err
	}
	say("  no changes")

	say("\nUsing the secrets")
	for _, check := range []struct {
		who    string
		login  login
		path   string
		status int
	}{
		{"pipeline", first.Pipeline.Value, "/tokens", 200},
		{"deployer", first.Deployer.Value, "/organization", 200},
		{"deployer", first.Deployer.Value, "/tokens", 403},
	} {
		if err := stage.expect(ctx, check.who, check.login, check.path, check.status); err != nil {
			return err
		}
	}
	for _, check := range []struct {
		who       string
		login     login
		verb, tag string
		status    int
	}{
		{"pipeline", first.Pipeline.Value, "push", "v1", 200},
		{"deployer", first.Deployer.Value, "pull", "v1", 200},
		{"deployer", first.Deployer.Value, "push", "v2", 403},
	} {
		if err := stage.expectImage(ctx, check.who, check.login, first.Registry.Value, check.verb, check.tag, check.status); err != nil {
			return err
		}
	}

	say("\n$ %s apply -var rotation=2026-Q2", stage.cliName)
	if err := stage.change(ctx, "apply", "rotation=2026-Q2"); err != nil {
		return err
	}
	second, err := stage.outputs(ctx)
	if err != nil {
		return err
	}
	say("  pipeline   %s  (same ID, new secret)", second.Pipeline.Value)
	if second.Pipeline.Value.Username != first.Pipeline.Value.Username || second.Deployer != first.Deployer {
		return fmt.Errorf("the rotation changed more than the pipeline's secret")
	}
	if err := stage.expect(ctx, "old secret", first.Pipeline.Value, "/organization", 401); err != nil {
		return err
	}
	if err := stage.expect(ctx, "new secret", second.Pipeline.Value, "/organization", 200); err != nil {
		return err
	}
	if err := stage.expectImage(ctx, "old secret", first.Pipeline.Value, first.Registry.Value, "push", "v2", 401); err != nil {
		return err
	}
	if err := stage.expectImage(ctx, "new secret", second.Pipeline.Value, first.Registry.Value, "push", "v2", 200); err != nil {
		return err
	}

	say("\n$ %s destroy", stage.cliName)
	if err := stage.change(ctx, "destroy", "rotation=2026-Q2"); err != nil {
		return err
	}
	names, err := stage.tokenNames(ctx)
	if err != nil {
		return err
	}
	if len(names) != 1 {
		return fmt.Errorf("left at the mock server: %s", strings.Join(names, ", "))
	}
	say("  only the provider's own token is left")
	say("\nAll checks passed.")
	return nil
}

func say(format string, values ...any) { fmt.Printf(format+"\n", values...) }
