//go:build unix

package canary_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/canary"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/terraformcli"
)

func buildLeaky(ctx context.Context, dir string) error {
	_, err := terraformcli.Build(ctx, dir, "terraform-provider-cloudfleet", "/internal/testkit/canary/leaky")
	return err
}

// A secret that is shown on purpose is found, by the tests that otherwise find none.
func TestAccLeakIsFound(t *testing.T) {
	t.Parallel()
	processes := acctest.ProcessesWith(t, acctest.Ephemerals, buildLeaky)
	for name, test := range map[string]struct{ env, config, where, form string }{
		"a log entry":          {"log", "", "apply -auto-approve, log", "as it is"},
		"Authorization header": {"header", "", "apply -auto-approve, log", "base64"},
		"a diagnostic":         {"warning", "", "apply -auto-approve, output", "as it is"},
		"an output": {"", `output "secret" { value = nonsensitive(cloudfleet_api_token.ci.secret) }`,
			"apply -auto-approve, output", "as it is"},
		"an output in base64": {"", `output "secret" { value = base64encode("x:${nonsensitive(cloudfleet_api_token.ci.secret)}") }`,
			"apply -auto-approve, output", "base64"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSession(t, processes, oneToken+test.config)
			s.folder.Env = append(s.folder.Env, "LEAKY="+test.env)
			s.run("Apply complete!", "apply", "-auto-approve")
			found := canary.New(s.cloud.Secrets()...).Find(s.written[test.where])
			if len(found) == 0 || !strings.HasPrefix(found[0], test.form) {
				t.Errorf("found %q", found)
			}
		})
	}
}

// A panic shows where the provider was, and none of its secrets.
func TestAccPanicShowsNoSecret(t *testing.T) {
	t.Parallel()
	s := newSession(t, acctest.ProcessesWith(t, acctest.Ephemerals, buildLeaky), oneToken)
	s.folder.Env = append(s.folder.Env, "LEAKY=panic")
	s.run("panic: runtime error: index out of range", "apply", "-auto-approve")
	s.run("main.crash(", "apply", "-auto-approve")
	s.check()
}

// The provider is killed with a dump of its goroutines, during calls that are answered
// with a secret.
func TestAccGoroutineDumpShowsNoSecret(t *testing.T) {
	t.Parallel()
	processes := acctest.ProcessesWith(t, acctest.Ephemerals, buildWithPID)
	for name, args := range map[string][]string{
		"create":     {"-var=trigger=a", "-replace=cloudfleet_api_token.ci"},
		"regenerate": {"-var=trigger=b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSession(t, processes, `
variable "trigger" {}

resource "cloudfleet_api_token" "ci" {
  name             = "ci"
  role             = "User"
  rotation_trigger = var.trigger
}
`)
			s.run("Apply complete!", "apply", "-auto-approve", "-var=trigger=a")
			s.cloud.Intercept(func(api http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method != http.MethodPost {
						api.ServeHTTP(w, r)
						return
					}
					// Once the provider has sent everything, it only waits: the runtime may fail to
					// print the stacks of goroutines that are running.
					_, _ = io.Copy(io.Discard, r.Body)
					s.quit()
					<-r.Context().Done()
				})
			})
			s.run("SIGQUIT: quit", append([]string{"apply", "-auto-approve"}, args...)...)
			s.run("cloudfleet.(*Client)", append([]string{"apply", "-auto-approve"}, args...)...)
			s.check()
		})
	}
}

// quit ends the provider with a dump of its goroutines.
func (s *session) quit() {
	content, err := os.ReadFile(filepath.Join(s.folder.Dir, "pid"))
	if err != nil {
		s.t.Error(err)
		return
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		s.t.Error(err)
		return
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		s.t.Error(err)
	}
}

// buildWithPID puts a script before the provider that stores its process ID.
func buildWithPID(ctx context.Context, dir string) error {
	provider, err := terraformcli.Build(ctx, dir, "real", "")
	if err != nil {
		return err
	}
	script := fmt.Sprintf("#!/bin/sh\necho $$ > \"$HOME/pid\"\nexec %q\n", provider)
	return os.WriteFile(filepath.Join(dir, "terraform-provider-cloudfleet"), []byte(script), 0o700)
}
