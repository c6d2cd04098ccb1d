//go:build unix

package apitoken_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
)

const (
	group    = "group"
	cli      = "CLI"
	provider = "provider"
)

// signalled is an operation during which a signal arrives.
type signalled struct {
	isCall        func(*http.Request) bool
	before, after string // configurations
	limited       bool   // whether the call is answered with a wait for a rate limit
}

// After any signal to any of the processes while a secret is issued, the secret is in the
// state, or no token is left whose secret is lost, and the next apply succeeds.
func TestAccSignals(t *testing.T) {
	t.Parallel()
	signalAll(t, acctest.Core, map[string]signalled{
		"create":                {isCreate, "", pair("b"), false},
		"regenerate":            {isRegenerate, pair("a"), pair("b"), false},
		"wait for a rate limit": {isCreate, "", pair("b"), true},
	})
}

// The same for an ephemeral token: none is left.
func TestAccSignalsEphemeral(t *testing.T) {
	t.Parallel()
	const config = "ephemeral \"cloudfleet_api_token\" \"run\" {\n  name = \"run\"\n  role = \"User\"\n}\n"
	signalAll(t, acctest.Ephemerals, map[string]signalled{
		"open":                  {isCreate, "", config, false},
		"wait for a rate limit": {isCreate, "", config, true},
	})
}

func signalAll(t *testing.T, needs acctest.Feature, operations map[string]signalled) {
	t.Helper()
	start := startInterrupted(t, needs)
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("to find the provider's process takes a /proc file system")
	}
	type cell struct {
		signal syscall.Signal
		target string
	}
	cells := []cell{{syscall.SIGKILL, cli}}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		for _, target := range []string{group, cli, provider} {
			cells = append(cells, cell{signal, target})
		}
	}
	for name, operation := range operations {
		for _, c := range cells {
			t.Run(fmt.Sprintf("%s/%s/%s", name, c.signal, c.target), func(t *testing.T) {
				t.Parallel()
				operation.signal(start(t), c.signal, c.target)
			})
		}
	}
}

func (s signalled) signal(run *interrupted, signal syscall.Signal, target string) {
	t := run.t
	if s.before != "" {
		run.mustApply(s.before)
	}
	answered := make(chan struct{})
	started := make(chan *os.Process, 1)
	run.onFirst(s.isCall, func(api http.Handler, w http.ResponseWriter, r *http.Request) {
		defer close(answered)
		pid := (<-started).Pid
		targets := map[string][]int{group: {-pid}, cli: {pid}, provider: children(pid)}[target]
		for _, pid := range targets {
			_ = syscall.Kill(pid, signal)
		}
		time.Sleep(500 * time.Millisecond) // until the processes have been told
		if s.limited {
			w.Header().Set("Retry-After", "2")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		api.ServeHTTP(w, r)
	})
	cmd := run.apply(s.after)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, _ := run.run(cmd, started) // a CLI that was killed says nothing
	<-answered
	run.noneUnowned(t, out)

	run.mustApply(s.after)
	run.noneUnowned(t, out)
	tokens := run.tokens()
	if len(run.cloud.Issued()) != len(tokens) || len(tokens) != strings.Count(s.after, "resource \"") {
		t.Errorf("after another apply: %v of %v\n%s", tokens, run.cloud.Issued(), out)
	}
	for name, token := range tokens {
		if !run.accepts(token) {
			t.Errorf("after another apply, the secret of %s is rejected\n%s", name, out)
		}
	}
}

// noneUnowned waits until each token at the API is in the state: a provider whose CLI has
// ended deletes the token that it has just created.
func (i *interrupted) noneUnowned(t *testing.T, out string) {
	t.Helper()
	unowned := func() (ids []string) {
		state, err := os.ReadFile(i.folder.Dir + "/terraform.tfstate")
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for _, token := range i.cloud.Issued() {
			if !strings.Contains(string(state), token.ID) {
				ids = append(ids, token.ID)
			}
		}
		return ids
	}
	for end := time.Now().Add(20 * time.Second); len(unowned()) > 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in no state: %v\n%s", unowned(), out)
		}
	}
}

// The provider ends when its CLI was killed, and with it the secret in its environment.
func TestAccProviderEndsAfterItsCLI(t *testing.T) {
	t.Parallel()
	run := startInterrupted(t, acctest.Core)(t)
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("to find the provider's process takes a /proc file system")
	}
	started := make(chan *os.Process, 1)
	orphans := make(chan []int, 1)
	run.onFirst(isCreate, func(_ http.Handler, _ http.ResponseWriter, r *http.Request) {
		cli := <-started
		orphans <- children(cli.Pid)
		_ = cli.Kill()
		_, _ = io.Copy(io.Discard, r.Body) // the server watches the connection only after the body
		<-r.Context().Done()
	})
	cmd := run.apply(pair("a"))
	cmd.Env = append(cmd.Env, "CLOUDFLEET_REQUEST_TIMEOUT=1s")
	_, _ = run.run(cmd, started)
	for _, pid := range <-orphans {
		end := time.Now().Add(20 * time.Second)
		for exec.Command("kill", "-0", strconv.Itoa(pid)).Run() == nil {
			if time.Now().After(end) {
				t.Fatalf("the provider %d lives on", pid)
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}
