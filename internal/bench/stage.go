package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/terraformcli"
)

// stage is what every scenario needs: a CLI, and the providers as binaries.
type stage struct {
	dir, cli string
	// plugins is the folder in which the CLI finds the meter as its provider.
	plugins string
	// binaries are the providers that the meter runs, by subject.
	binaries map[string]string
}

func prepare(ctx context.Context, dir, cli string) (*stage, error) {
	s := &stage{dir: dir, cli: cli, plugins: filepath.Join(dir, "plugins"), binaries: map[string]string{
		subjectProvider: filepath.Join(dir, subjectProvider), subjectStorer: filepath.Join(dir, subjectStorer),
	}}
	builds := [][3]string{
		{dir, subjectProvider, ""},
		{dir, subjectStorer, "/internal/bench/storer"},
		{s.plugins, "terraform-provider-cloudfleet", "/internal/bench/meter"},
	}
	results := make(chan error, len(builds))
	for _, b := range builds {
		go func() {
			_, err := terraformcli.Build(ctx, b[0], b[1], b[2])
			results <- err
		}()
	}
	var err error
	for range builds {
		err = errors.Join(err, <-results)
	}
	return s, err
}

// measure goes through the operations of a scenario up to the first that fails.
// A failure of the CLI is part of what it measures; an error is one of the
// benchmark's own.
func (s *stage) measure(ctx context.Context, sc scenario) ([]measurement, error) {
	dir, err := os.MkdirTemp(s.dir, "scenario-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(configurations[sc.subject]), 0o600); err != nil {
		return nil, err
	}
	folder, err := terraformcli.New(dir, s.cli, s.plugins)
	if err != nil {
		return nil, err
	}
	cloud, err := startCloud(sc.rateLimit)
	if err != nil {
		return nil, err
	}
	defer cloud.close()
	memory := filepath.Join(dir, "memory")
	folder.Env = append(folder.Env, cloud.environment()...)
	folder.Env = append(folder.Env, "BENCH_PLUGIN="+s.binaries[sc.subject], "BENCH_MEMORY="+memory)

	todo := operations
	if sc.planOnly {
		if err := seed(ctx, folder, cloud, sc); err != nil {
			return nil, err
		}
		todo = slices.DeleteFunc(slices.Clone(todo), func(o operation) bool { return o.name != opPlan })
	}
	cloud.delay(sc.latency)

	var done []measurement
	for _, operation := range todo {
		m := measurement{key: sc.key(operation.name)}
		cloud.forget()
		_ = os.Remove(memory) // there is none before the first
		start := time.Now()
		_, failure := folder.Run(ctx, operation.arguments(sc.tokens)...)
		m.Seconds = time.Since(start).Seconds()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		cloud.count(&m)
		if m.PeakMemory, err = peak(memory); err != nil {
			return nil, err
		}
		if failure != nil {
			m.Failure = firstError(failure)
			return append(done, m), nil
		}
		done = append(done, m)
	}
	if left := len(cloud.Tokens(cloud.OrganizationID)) - 1; left > 0 && !sc.planOnly {
		return nil, fmt.Errorf("%d tokens are left after destroy", left)
	}
	return done, nil
}

// peak returns the largest number, in KiB, of the file that the meter writes, in
// bytes: 0 if there is none, for then there was no provider.
func peak(path string) (largest int64, err error) {
	content, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return 0, nil
	}
	for line := range strings.FieldsSeq(string(content)) {
		kib, err := strconv.ParseInt(line, 10, 64)
		if err != nil {
			return 0, err
		}
		largest = max(largest, kib<<10)
	}
	return largest, err
}

var errorLine = regexp.MustCompile(`(?m)Error: (.*)$`)

// firstError is the first that the CLI printed, or else how it ended.
func firstError(err error) string {
	if m := errorLine.FindStringSubmatch(err.Error()); m != nil {
		return m[1]
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text
}

// starts is how often each provider is started, for the median.
const starts = 21

// examine measures the providers themselves. They take turns, so that what else
// the machine does hits both.
func (s *stage) examine(ctx context.Context) ([]binary, error) {
	subjects := []string{subjectProvider, subjectStorer}
	times := map[string][]time.Duration{}
	for range starts {
		for _, subject := range subjects {
			d, err := s.start(ctx, s.binaries[subject])
			if err != nil {
				return nil, fmt.Errorf("starting %s: %w", subject, err)
			}
			times[subject] = append(times[subject], d)
		}
	}
	var binaries []binary
	for _, subject := range subjects {
		info, err := os.Stat(s.binaries[subject])
		if err != nil {
			return nil, err
		}
		slices.Sort(times[subject])
		binaries = append(binaries, binary{Subject: subject, Size: info.Size(), StartUp: times[subject][starts/2]})
	}
	return binaries, nil
}

// start starts a provider as a CLI does, and returns how long it took to say where
// it can be reached.
func (s *stage) start(ctx context.Context, path string) (time.Duration, error) {
	folder := terraformcli.Folder{Dir: s.dir, CLI: path, Env: []string{
		"TMPDIR=" + s.dir, "TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
	}}
	cmd := folder.Command(ctx)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	_, err = bufio.NewReader(stdout).ReadString('\n')
	elapsed := time.Since(begin)
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it was killed
	return elapsed, err
}
