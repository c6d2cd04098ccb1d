//go:build unix

package apitoken_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/terraformcli"
)

// pair is a configuration of two tokens, which are created one after the other.
func pair(trigger string) string {
	var config string
	for _, name := range []string{"one", "two"} {
		config += fmt.Sprintf(
			"resource \"cloudfleet_api_token\" %q {\n  name = %q\n  role = \"User\"\n  rotation_trigger = %q\n}\n",
			name,
			name,
			trigger,
		)
	}
	return config
}

// interrupted is a run of the CLI and its provider that is interrupted.
type interrupted struct {
	t      *testing.T
	cloud  *acctest.Cloud
	folder *terraformcli.Folder
}

func (i *interrupted) apply(config string) *exec.Cmd {
	i.t.Helper()
	must(i.t, os.WriteFile(filepath.Join(i.folder.Dir, "tokens.tf"), []byte(config), 0o600))
	ctx, cancel := context.WithTimeout(i.t.Context(), time.Minute)
	i.t.Cleanup(cancel)
	return i.folder.Command(ctx, "apply", "-auto-approve", "-no-color", "-parallelism=1")
}

func (i *interrupted) mustApply(config string) {
	i.t.Helper()
	if out, err := i.apply(config).CombinedOutput(); err != nil {
		i.t.Fatalf("%s\n%s", err, out)
	}
}

// run starts the CLI, passes its process to started, and waits for the result.
func (i *interrupted) run(cmd *exec.Cmd, started chan<- *os.Process) (string, error) {
	i.t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	must(i.t, cmd.Start())
	started <- cmd.Process
	err := cmd.Wait()
	return out.String(), err
}

// onFirst calls f with the first call of a kind from now on.
func (i *interrupted) onFirst(isCall func(*http.Request) bool, f func(api http.Handler, w http.ResponseWriter, r *http.Request)) {
	i.cloud.Intercept(func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !isCall(r) {
				api.ServeHTTP(w, r)
				return
			}
			i.cloud.Intercept(nil)
			f(api, w, r)
		})
	})
}

// tokens are the tokens in the state, by name.
func (i *interrupted) tokens() map[string]map[string]any {
	i.t.Helper()
	content, err := os.ReadFile(filepath.Join(i.folder.Dir, "terraform.tfstate"))
	must(i.t, err)
	var state struct {
		Resources []struct {
			Type, Name string
			Instances  []struct{ Attributes map[string]any }
		}
	}
	must(i.t, json.Unmarshal(content, &state))
	tokens := map[string]map[string]any{}
	for _, r := range state.Resources {
		if r.Type == "cloudfleet_api_token" && len(r.Instances) > 0 {
			tokens[r.Name] = r.Instances[0].Attributes
		}
	}
	return tokens
}

func (i *interrupted) accepts(token map[string]any) bool {
	id, _ := token["id"].(string)
	secret, _ := token["secret"].(string)
	return i.cloud.Accepts(id, secret)
}

func startInterrupted(t *testing.T, needs acctest.Feature) func(*testing.T) *interrupted {
	t.Helper()
	processes := acctest.NewProcesses(t, needs)
	return func(t *testing.T) *interrupted {
		t.Helper()
		cloud := acctest.Start(t, mockserver.Options{})
		return &interrupted{t, cloud, processes.Folder(t, cloud, "")}
	}
}

// A call that was sent is completed and its result saved. No other call follows.
func TestAccInterrupt(t *testing.T) {
	t.Parallel()
	start := startInterrupted(t, acctest.Core)
	for name, isCall := range map[string]func(*http.Request) bool{"create": isCreate, "regenerate": isRegenerate} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := start(t)
			if name == "regenerate" {
				run.mustApply(pair("a"))
			}
			run.cloud.ForgetRequests()
			cli := make(chan *os.Process, 1)
			run.onFirst(isCall, func(api http.Handler, w http.ResponseWriter, r *http.Request) {
				_ = (<-cli).Signal(os.Interrupt)
				time.Sleep(time.Second) // until the provider has been told
				api.ServeHTTP(w, r)
			})
			out, err := run.run(run.apply(pair("b")), cli)
			if err == nil || !strings.Contains(out, "Interrupt received") {
				t.Errorf("it was not interrupted: %v\n%s", err, out)
			}
			if writes := run.cloud.Writes(); len(writes) != 1 {
				t.Errorf("sent after the interrupt: %v\n%s", writes, out)
			}
			saved := 0
			for _, token := range run.tokens() {
				if !run.accepts(token) {
					t.Errorf("the secret of %s is not in the state\n%s", token["name"], out)
				}
				if token["rotation_trigger"] == "b" {
					saved++
				}
			}
			if saved != 1 {
				t.Errorf("%d tokens were worked on\n%s", saved, out)
			}
			run.mustApply(pair("b"))
			if tokens := run.tokens(); len(tokens) != 2 || !run.accepts(tokens["one"]) || !run.accepts(tokens["two"]) ||
				len(run.cloud.Issued()) != 2 {
				t.Errorf("after another apply: %v", tokens)
			}
		})
	}
}

// If the provider is killed after the server has acted and before it answers, the result
// is lost. The next apply works, and leftovers can be found.
func TestAccKilledProvider(t *testing.T) {
	t.Parallel()
	start := startInterrupted(t, acctest.Core)
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("to find the provider's process takes a /proc file system")
	}
	const find = "data \"cloudfleet_api_tokens\" \"left\" {\n  name_regex = \"^(one|two)$\"\n}\n" +
		"output \"found\" {\n  value = data.cloudfleet_api_tokens.left.tokens[*].id\n}\n"
	for name, isCall := range map[string]func(*http.Request) bool{"create": isCreate, "regenerate": isRegenerate} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := start(t)
			issued := 3
			if name == "regenerate" {
				run.mustApply(pair("a"))
				issued = 2
			}
			cli := make(chan *os.Process, 1)
			run.onFirst(isCall, func(api http.Handler, _ http.ResponseWriter, r *http.Request) {
				api.ServeHTTP(httptest.NewRecorder(), r)
				for _, child := range children((<-cli).Pid) {
					_ = syscall.Kill(child, syscall.SIGKILL)
				}
				<-r.Context().Done()
			})
			if out, err := run.run(run.apply(pair("b")), cli); err == nil {
				t.Errorf("nothing was killed\n%s", out)
			}
			run.mustApply(pair("b"))
			tokens := run.tokens()
			if !run.accepts(tokens["one"]) || !run.accepts(tokens["two"]) || tokens["one"]["rotation_trigger"] != "b" ||
				len(run.cloud.Issued()) != issued {
				t.Errorf("after another apply: %v of %v", tokens, run.cloud.Issued())
			}
			run.mustApply(pair("b") + find)
			out, err := run.folder.Run(t.Context(), "output", "-json", "found")
			must(t, err)
			for _, token := range run.cloud.Issued() {
				if !strings.Contains(string(out), token.ID) {
					t.Errorf("%s %s cannot be found: %s", token.Name, token.ID, out)
				}
			}
		})
	}
}

// children are the processes that a process has started.
func children(parent int) (pids []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		content, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended
		}
		// The name may contain anything. After it come the state and the parent.
		fields := strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:]))
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(stat))); err == nil && fields[1] == strconv.Itoa(parent) {
			pids = append(pids, pid)
		}
	}
	return pids
}
