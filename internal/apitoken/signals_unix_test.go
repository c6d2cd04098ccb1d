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
)

// Whatever signal reaches whichever process while a secret is issued: afterwards the
// secret is in the state, or no token is left that nobody has the secret of, and the
// next apply arrives.
func TestAccSignals(t *testing.T) {
	t.Parallel()
	start := startInterrupted(t)
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("to find the provider's process takes a /proc file system")
	}
	const group, cli, provider = "group", "CLI", "provider"
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
	for operation, isCall := range map[string]func(*http.Request) bool{
		"create": isCreate, "regenerate": isRegenerate, "wait for a rate limit": isCreate,
	} {
		for _, c := range cells {
			t.Run(fmt.Sprintf("%s/%s/%s", operation, c.signal, c.target), func(t *testing.T) {
				t.Parallel()
				run := start(t)
				if operation == "regenerate" {
					run.mustApply(pair("a"))
				}
				answered := make(chan struct{})
				started := make(chan *os.Process, 1)
				run.onFirst(isCall, func(api http.Handler, w http.ResponseWriter, r *http.Request) {
					defer close(answered)
					pid := (<-started).Pid
					providers := children(pid)
					switch c.target {
					case group:
						_ = syscall.Kill(-pid, c.signal)
					case cli:
						_ = syscall.Kill(pid, c.signal)
					case provider:
						for _, child := range providers {
							_ = syscall.Kill(child, c.signal)
						}
					}
					time.Sleep(500 * time.Millisecond) // until the processes have been told
					if operation == "wait for a rate limit" {
						w.Header().Set("Retry-After", "2")
						w.WriteHeader(http.StatusTooManyRequests)
						return
					}
					api.ServeHTTP(w, r)
				})
				cmd := run.apply(pair("b"))
				cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
				out, _ := run.run(cmd, started) // a CLI that was killed says nothing
				<-answered
				run.noneUnowned(t, out)

				run.mustApply(pair("b"))
				tokens := run.tokens()
				if !run.accepts(tokens["one"]) || !run.accepts(tokens["two"]) || len(run.cloud.Issued()) != 2 {
					t.Errorf("after another apply: %v of %v\n%s", tokens, run.cloud.Issued(), out)
				}
			})
		}
	}
}

// noneUnowned waits until each token at the API is in the state: a provider whose CLI
// is gone deletes what it has just created.
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

// A provider whose CLI was killed ends, and with it the secret in its environment.
func TestAccProviderEndsAfterItsCLI(t *testing.T) {
	t.Parallel()
	run := startInterrupted(t)(t)
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
