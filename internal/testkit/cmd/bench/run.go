package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/terraformcli"
)

// Subjects. The last two are for comparison with the first.
const (
	provider = "cloudfleet"
	storer   = "storer"
	floor    = "terraform_data"
)

const tokenResource = `
terraform {
  required_providers {
    cloudfleet = { source = "cloudfleet/cloudfleet" }
  }
}

resource "cloudfleet_api_token" "this" {
  count            = var.tokens
  name             = "pipeline-${count.index}"
  role             = "User"
  rotation_trigger = var.rotation
}
`

var resources = map[string]string{provider: tokenResource, storer: tokenResource, floor: `
resource "terraform_data" "this" {
  count = var.tokens
  input = { name = "pipeline-${count.index}", role = "User", rotation_trigger = var.rotation }
}
`}

const variables = `
variable "tokens" { type = number }
variable "rotation" { type = string }
`

// operations are applied to the same tokens in this order. The plan fails unless it is
// empty. The CLI's parallelism is the default, ten.
var operations = []struct {
	name, rotation string
	args           []string
}{
	{"apply", "1", []string{"apply", "-auto-approve"}},
	{"plan", "1", []string{"plan", "-detailed-exitcode"}},
	{"rotate", "2", []string{"apply", "-auto-approve"}},
	{"destroy", "2", []string{"destroy", "-auto-approve"}},
}

// scenario is a number of tokens, and the conditions of a measurement.
type scenario struct {
	subject   string
	tokens    int
	latency   time.Duration
	rateLimit int // calls a second; 0 is none
}

// measurement is one command of a CLI.
type measurement struct {
	scenario
	operation string
	// wall and cpu are those of the CLI and of the provider.
	wall, cpu            time.Duration
	calls                map[string]int // those that were not throttled, by kind
	refused, connections int
	peak                 int64 // of the largest provider process, in bytes
}

// world is a folder with a configuration, and a mock server, for one scenario.
type world struct {
	scenario
	folder      *terraformcli.Folder
	binary      string
	cloud       *mockserver.Server
	connections atomic.Int64
}

// measure runs the operations of scenarios, each operation for all scenarios before the
// next one: comparable measurements are made at nearly the same time, so that other load
// affects all of them.
func (s stage) measure(ctx context.Context, list []scenario) (done []measurement, err error) {
	var worlds []*world
	for _, sc := range list {
		w, stop, err := s.open(sc)
		if err != nil {
			return nil, err
		}
		defer stop()
		worlds = append(worlds, w)
	}
	for i := range operations {
		for _, w := range worlds {
			m, err := w.run(ctx, i)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(os.Stderr, "%s of %d %s, %s: %.1f s\n", m.operation, m.tokens, m.subject, m.condition(), m.wall.Seconds())
			done = append(done, m)
		}
	}
	return done, nil
}

func (s stage) open(sc scenario) (w *world, stop func(), err error) {
	dir, err := os.MkdirTemp(s.dir, "world-")
	if err != nil {
		return nil, nil, err
	}
	api := mockserver.New(mockserver.Options{RateLimit: sc.rateLimit, Latency: sc.latency})
	w = &world{scenario: sc, binary: s.binary(sc.subject), cloud: api}
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(variables+resources[sc.subject]), 0o600); err != nil {
		return nil, nil, err
	}
	if w.folder, err = terraformcli.New(dir, s.cli, s.plugins(sc.subject)); err != nil {
		return nil, nil, err
	}
	server := httptest.NewUnstartedServer(api)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			w.connections.Add(1)
		}
	}
	server.Start()
	w.folder.Env = append(w.folder.Env, api.AddOrganization("Benchmark").Environment(server.URL+"/v1")...)
	return w, server.Close, nil
}

func (w *world) run(ctx context.Context, i int) (measurement, error) {
	o := operations[i]
	m := measurement{scenario: w.scenario, operation: o.name, calls: map[string]int{}}
	w.cloud.ForgetRequests()
	w.connections.Store(0)
	cmd := w.folder.Command(ctx, append(slices.Clip(o.args), "-input=false", "-no-color",
		fmt.Sprintf("-var=tokens=%d", w.tokens), "-var=rotation="+o.rotation)...)
	watched, stop := context.WithCancel(ctx)
	peak := make(chan int64)
	go func() { peak <- peakMemory(watched, w.binary) }()
	begin := time.Now()
	output, err := cmd.CombinedOutput()
	m.wall = time.Since(begin)
	stop()
	m.peak = <-peak
	if err != nil {
		return m, fmt.Errorf("%s of %d %s: %w\n%s", m.operation, m.tokens, m.subject, err, output)
	}
	m.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	m.connections = int(w.connections.Load())
	for _, r := range w.cloud.Requests() {
		if r.Status == http.StatusTooManyRequests {
			m.refused++
		} else {
			m.calls[r.Method+" "+strings.TrimPrefix(idInPath.ReplaceAllString(r.Path, "/v1/tokens/{id}"), "/v1")]++
		}
	}
	return m, nil
}

// peakMemory returns the largest resident set, in bytes, that a process of this binary
// had until ctx ended. The system remembers the peak of a process, so that little is missed
// between two looks.
func peakMemory(ctx context.Context, binary string) (peak int64) {
	for ; ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		programs, _ := filepath.Glob("/proc/[0-9]*/exe")
		for _, program := range programs {
			if target, err := os.Readlink(program); err != nil || target != binary {
				continue
			}
			status, _ := os.ReadFile(filepath.Join(filepath.Dir(program), "status"))
			if found := peakLine.FindSubmatch(status); found != nil {
				kib, _ := strconv.ParseInt(string(found[1]), 10, 64)
				peak = max(peak, kib<<10)
			}
		}
	}
	return peak
}

var peakLine = regexp.MustCompile(`(?m)^VmHWM:\s*(\d+) kB$`)

var idInPath = regexp.MustCompile(`^/v1/tokens/[^/]+`)
