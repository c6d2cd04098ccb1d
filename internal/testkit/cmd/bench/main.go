// Command bench measures the provider under a real CLI and with a mock server: how long
// it takes for many tokens, which calls it makes, and what it needs itself. For
// comparison, it also measures the CLI's own terraform_data and a provider that only
// stores its arguments. It prints tables as in RESULTS.md.
//
// It runs the CLI in TF_ACC_TERRAFORM_PATH, from the root of the repository, on Linux:
// see `make bench`.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/terraformcli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:gocritic // there is nothing left to stop
	}
}

func run(ctx context.Context) error {
	tokens := []int{10, 100, 1000}
	flag.Func("n", "`numbers` of tokens (default 10,100,1000)", func(text string) error {
		tokens = nil
		for part := range strings.SplitSeq(text, ",") {
			n, err := strconv.Atoi(part)
			if err != nil {
				return err
			}
			tokens = append(tokens, n)
		}
		return nil
	})
	latency := flag.Duration("latency", 50*time.Millisecond, "`time` that the API takes to answer, beside none")
	rate := flag.Int("rate", 50, "`calls` a second that the API serves, once more with most tokens; 0 leaves it out")
	flag.Parse()
	cli := os.Getenv("TF_ACC_TERRAFORM_PATH")
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("%q is not an option: see -h", flag.Arg(0))
	case runtime.GOOS != "linux":
		return errors.New("what a process takes is measured as Linux counts it: run it there")
	case cli == "":
		return errors.New("TF_ACC_TERRAFORM_PATH names no Terraform CLI: `make bench` sets it")
	}
	dir, err := os.MkdirTemp("", "cloudfleet-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := prepare(ctx, dir, cli)
	if err != nil {
		return err
	}
	var all []measurement
	for _, n := range tokens {
		group := []scenario{{floor, n, 0, 0}, {storer, n, 0, 0}, {provider, n, 0, 0}, {provider, n, *latency, 0}}
		if *rate > 0 && n == slices.Max(tokens) {
			group = append(group, scenario{provider, n, 0, *rate})
		}
		measured, err := s.measure(ctx, group)
		if err != nil {
			return err
		}
		all = append(all, measured...)
	}
	version, err := exec.CommandContext(ctx, cli, "version").Output()
	name, _, _ := strings.Cut(string(version), "\n")
	fmt.Printf("\n%d cores, %s/%s, %s, %s\n\n%s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, name, runtime.Version(), table(all))
	return err
}

// stage has what every scenario needs: a CLI, and the providers' binaries.
type stage struct{ dir, cli string }

// plugins is the folder in which a CLI finds the binary of a provider.
func (s stage) plugins(subject string) string { return filepath.Join(s.dir, subject) }

func (s stage) binary(subject string) string { return filepath.Join(s.plugins(subject), binaryName) }

const binaryName = "terraform-provider-cloudfleet"

// prepare builds the providers.
func prepare(ctx context.Context, dir, cli string) (s stage, err error) {
	s = stage{dir, cli}
	for subject, source := range map[string]string{provider: "", storer: "/internal/testkit/cmd/bench/storer"} {
		_, buildErr := terraformcli.Build(ctx, s.plugins(subject), binaryName, source)
		err = errors.Join(err, buildErr)
	}
	return s, err
}
