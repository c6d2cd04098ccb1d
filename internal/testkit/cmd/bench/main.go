// Command bench measures the provider under a real CLI and with a mock server: how long
// it takes for many tokens, which calls it makes, and what it needs itself. For
// comparison, it also measures the CLI's own terraform_data and a provider that only
// stores its arguments.
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
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	tokens := []int{10, 100, 1000, 5000}
	latencies := []time.Duration{0, targetLatency}
	flag.Func("n", "`numbers` of tokens; above 1000 they are only planned (default 10,100,1000,5000)", list(&tokens, atLeastOne))
	flag.Func("latency", "`times` that the API takes to answer (default 0,50ms)", list(&latencies, time.ParseDuration))
	rateLimit := flag.Int("rate", targetRateLimit, "`calls` a second that the API serves, in one scenario more; 0 leaves it out")
	count := 1
	flag.Func("count", "how many `times` everything is measured; the median time counts (default 1)", func(text string) (err error) {
		count, err = atLeastOne(text)
		return err
	})
	output := flag.String("o", filepath.Join("bin", "bench.json"), "`file` to write the numbers to, as JSON")
	input := flag.String("from", "", "`file` to read the numbers from, instead of measuring")
	update := flag.Bool("update", false, "write the numbers into "+guidePath+"; \"make docs\" does the rest")
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("%q is not an option: see -h", flag.Arg(0))
	}

	var r report
	var err error
	if *input != "" {
		r, err = readReport(*input)
	} else {
		r, err = measureAll(scenarios(tokens, latencies, *rateLimit), count)
	}
	if err != nil {
		return err
	}
	if err := show(&r); err != nil {
		return err
	}
	if *input == "" {
		if err := r.write(*output); err != nil {
			return err
		}
	}
	if *update {
		return updateGuide(guidePath, &r)
	}
	return nil
}

func atLeastOne(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err == nil && n < 1 {
		err = errors.New("must be at least 1")
	}
	return n, err
}

// list is a flag of values between commas.
func list[T any](values *[]T, parse func(string) (T, error)) func(string) error {
	return func(text string) error {
		*values = nil
		for part := range strings.SplitSeq(text, ",") {
			value, err := parse(part)
			if err != nil {
				return err
			}
			*values = append(*values, value)
		}
		return nil
	}
}

func measureAll(groups [][]scenario, count int) (r report, err error) {
	if runtime.GOOS != "linux" {
		return r, errors.New("the memory of a provider is measured as Linux counts it: run it there")
	}
	cli := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if cli == "" {
		return r, errors.New("TF_ACC_TERRAFORM_PATH names no Terraform CLI: `make bench` sets it")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "cloudfleet-bench-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	if r.Machine, err = thisMachine(ctx, cli); err != nil {
		return r, err
	}
	// Binaries are built as for a release.
	if err := os.Setenv("GOFLAGS", strings.TrimSpace(os.Getenv("GOFLAGS")+" -ldflags=-s")); err != nil {
		return r, err
	}
	s, err := prepare(ctx, dir, cli)
	if err != nil {
		return r, err
	}
	if r.Binaries, err = s.examine(ctx); err != nil {
		return r, err
	}
	var all []measurement
	for range count {
		for _, group := range groups {
			measured, err := s.measure(ctx, group)
			if err != nil {
				return r, err
			}
			all = append(all, measured...)
		}
	}
	r.Measurements = medians(all)
	return r, nil
}

// show prints the report on the terminal.
func show(r *report) error {
	fmt.Printf("\n%s\n", r.Machine)
	for _, t := range []table{
		measurementTable(r, func(measurement) bool { return true }),
		binaryTable(r),
		targetTable(targets(r)),
	} {
		fmt.Println()
		if err := t.text(os.Stdout); err != nil {
			return err
		}
	}
	return nil
}
