package main

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asCommand in the environment makes the test binary the command. If it were built
// separately, go test would not see its changes, and use an old result.
const asCommand = "MOCKSERVER_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func command(ctx context.Context, t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, binary, arguments...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	return cmd
}

var export = regexp.MustCompile(`^export ([A-Z_]+)=(\S+)$`)

// start runs the command and returns the variables that it exports. It is killed if it
// has not ended with the test.
func start(t *testing.T) (*exec.Cmd, map[string]string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	cmd := command(ctx, t)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exported := map[string]string{}
	lines := bufio.NewScanner(stdout)
	for len(exported) < 5 && lines.Scan() {
		m := export.FindStringSubmatch(lines.Text())
		if m == nil {
			t.Fatalf("a shell is given %q", lines.Text())
		}
		exported[m[1]] = m[2]
	}
	return cmd, exported
}

func TestCommand(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			cmd, exported := start(t)
			if !strings.HasPrefix(exported["CLOUDFLEET_ENDPOINT"], "http://127.0.0.1:") {
				t.Errorf("it exports %v", exported)
			}
			if port := strings.TrimPrefix(
				exported["CLOUDFLEET_REGISTRY_DOMAIN"],
				"localhost:",
			); !strings.Contains(
				exported["CLOUDFLEET_ENDPOINT"],
				":"+port+"/",
			) {
				t.Errorf("it exports %v", exported)
			}
			wantAnswer(t, exported)
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("it ended with %s", err)
			}
		})
	}
}

func wantAnswer(t *testing.T, exported map[string]string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, exported["CLOUDFLEET_ENDPOINT"]+"/organization", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(exported["CLOUDFLEET_ACCESS_TOKEN_ID"], exported["CLOUDFLEET_ACCESS_TOKEN_SECRET"])
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := bufio.NewReader(resp.Body).ReadString('\n')
	id := exported["CLOUDFLEET_ORGANIZATION_ID"]
	if err != nil || resp.StatusCode != http.StatusOK || id == "" || !strings.Contains(body, id) {
		t.Errorf("got %s, %q, %v, want the organization %q", resp.Status, body, err, id)
	}
}

func TestCommandThatCannotListen(t *testing.T) {
	t.Parallel()
	out, err := command(t.Context(), t, "-listen", "127.0.0.1:port").CombinedOutput()
	failed, ok := errors.AsType[*exec.ExitError](err)
	if !ok || failed.ExitCode() != 1 || !strings.HasPrefix(string(out), "mockserver: ") {
		t.Errorf("got %v, %s", err, out)
	}
}
