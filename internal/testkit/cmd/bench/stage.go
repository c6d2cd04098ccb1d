package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/terraformcli"
)

// stage has what every scenario needs: a CLI, and the providers as binaries.
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
		{dir, subjectStorer, "/internal/testkit/cmd/bench/storer"},
		{s.plugins, "terraform-provider-cloudfleet", "/internal/testkit/cmd/bench/meter"},
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

// starts is how often each provider is started, for the median.
const starts = 201

// examine measures the providers themselves. They take turns, so that other load affects
// both.
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

// start starts a provider as a CLI does, and returns how long it took to print its
// address.
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
