package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/terraformcli"
)

// world is a folder with a configuration, and a mock server, for one scenario.
type world struct {
	scenario
	folder *terraformcli.Folder
	cloud  *cloud
	// memory is the file that the meter writes.
	memory string
	// over: an operation has failed, so that the others make no sense.
	over bool
}

// measure runs the operations of scenarios, each operation for all scenarios before the
// next one: comparable measurements are made at nearly the same time, so that other load
// affects all of them. A failure of the CLI is part of the result; an error is one of the
// benchmark itself.
func (s *stage) measure(ctx context.Context, list []scenario) ([]measurement, error) {
	var worlds []*world
	for _, sc := range list {
		w, err := s.open(ctx, sc)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", sc.key("preparing"), err)
		}
		defer w.cloud.close()
		worlds = append(worlds, w)
	}
	var done []measurement
	for _, operation := range operations {
		for _, w := range worlds {
			if w.over || w.planOnly && operation.name != opPlan {
				continue
			}
			m, err := w.run(ctx, operation)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", m.key, err)
			}
			fmt.Fprintf(os.Stderr, "%s: %.1f s\n", m.key, m.Seconds)
			done = append(done, m)
		}
	}
	return done, nil
}

func (s *stage) open(ctx context.Context, sc scenario) (*world, error) {
	dir, err := os.MkdirTemp(s.dir, "world-")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(configurations[sc.subject]), 0o600); err != nil {
		return nil, err
	}
	w := &world{scenario: sc, memory: filepath.Join(dir, "memory")}
	if w.folder, err = terraformcli.New(dir, s.cli, s.plugins); err != nil {
		return nil, err
	}
	if w.cloud, err = startCloud(sc.rateLimit); err != nil {
		return nil, err
	}
	w.folder.Env = append(w.folder.Env, w.cloud.environment()...)
	if sc.rateLimit > 0 {
		w.folder.Env = append(w.folder.Env, fmt.Sprintf("STORER_RATE=%d", sc.rateLimit))
	}
	w.folder.Env = append(
		w.folder.Env,
		"STORER_LATENCY="+sc.latency.String(),
		"BENCH_PLUGIN="+s.binaries[sc.subject],
		"BENCH_MEMORY="+w.memory,
	)
	if sc.planOnly {
		if err := w.seed(ctx); err != nil {
			return nil, err
		}
	}
	w.cloud.delay(sc.latency)
	return w, nil
}

func (w *world) run(ctx context.Context, o operation) (m measurement, err error) {
	m.key = w.key(o.name)
	w.cloud.forget()
	if err := os.RemoveAll(w.memory); err != nil {
		return m, err
	}
	start := time.Now()
	_, failure := w.folder.Run(ctx, o.arguments(w.tokens)...)
	m.Seconds = time.Since(start).Seconds()
	if ctx.Err() != nil {
		return m, ctx.Err()
	}
	w.cloud.count(&m)
	if failure != nil {
		m.Failure, w.over = firstError(failure), true
	} else if left := len(w.cloud.Tokens(w.cloud.OrganizationID)) - 1; o.name == opDestroy && left > 0 {
		m.Failure = number(float64(left)) + " tokens are left"
	}
	m.PeakMemory, err = peak(w.memory)
	return m, err
}

// peak returns the largest number in the meter's file, converted from KiB to bytes: 0 if
// there is none, because there was no provider.
func peak(path string) (largest int64, err error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
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

// firstError is the first error that the CLI printed, or else its exit.
func firstError(err error) string {
	if m := errorLine.FindStringSubmatch(err.Error()); m != nil {
		return m[1]
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text
}
