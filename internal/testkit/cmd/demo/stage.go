package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/terraformcli"
)

// stage has a folder with a configuration, a CLI with the provider, and a mock server.
type stage struct {
	*terraformcli.Folder
	cliName, cliVersion string
	endpoint            string
	provider            login
	mock                *exec.Cmd
}

// login is the login of a pipeline. It is printed without its secret.
type login struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

func (l login) String() string { return l.Username + "  cf_secret_" + strings.Repeat("•", 8) }

func prepare(ctx context.Context, dir string) (*stage, error) {
	cli := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if cli == "" {
		return nil, errors.New("TF_ACC_TERRAFORM_PATH names no Terraform CLI: `make demo` sets it")
	}
	plugins := filepath.Join(dir, "plugins")
	if err := terraformcli.BuildProvider(ctx, plugins); err != nil {
		return nil, err
	}
	mock, err := terraformcli.Build(ctx, dir, "mockserver", "/internal/testkit/cmd/mockserver")
	if err != nil {
		return nil, err
	}
	quickstart := filepath.Join(dir, "quickstart")
	if err := os.CopyFS(quickstart, os.DirFS("examples/quickstart")); err != nil {
		return nil, err
	}
	folder, err := terraformcli.New(quickstart, cli, plugins)
	if err != nil {
		return nil, err
	}
	version, err := folder.Run(ctx, "version")
	if err != nil {
		return nil, err
	}
	s := &stage{Folder: folder, cliName: filepath.Base(cli)}
	s.cliVersion, _, _ = strings.Cut(string(version), "\n")
	return s, s.startMock(mock)
}

// startMock starts the mock server and reads the environment variables that it prints.
func (s *stage) startMock(binary string) error {
	s.mock = exec.Command(binary)
	var said bytes.Buffer
	s.mock.Stderr = &said
	stdout, err := s.mock.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.mock.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(stdout)
	for range 5 {
		if !lines.Scan() {
			s.close()
			return fmt.Errorf("the mock server did not start, which needs the IPv4 loopback address 127.0.0.1: %s", &said)
		}
		variable := strings.TrimPrefix(lines.Text(), "export ")
		s.Env = append(s.Env, variable)
		switch name, value, _ := strings.Cut(variable, "="); name {
		case "CLOUDFLEET_ENDPOINT":
			s.endpoint = value
		case "CLOUDFLEET_ACCESS_TOKEN_ID":
			s.provider.Username = value
		case "CLOUDFLEET_ACCESS_TOKEN_SECRET":
			s.provider.Password = value
		}
	}
	return nil
}

func (s *stage) close() {
	_ = s.mock.Process.Signal(os.Interrupt)
	_ = s.mock.Wait() // how it ends no longer matters
}

// change runs apply or destroy.
func (s *stage) change(ctx context.Context, command, variable string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, stepLimit, fmt.Errorf("%s %s took longer than %s", s.cliName, command, stepLimit))
	defer cancel()
	_, err := s.Run(ctx, command, "-auto-approve", "-input=false", "-no-color", "-var", variable)
	return err
}

func (s *stage) planIsEmpty(ctx context.Context) error {
	_, err := s.Run(ctx, "plan", "-detailed-exitcode", "-input=false", "-no-color")
	return err
}

type outputs struct {
	Registry struct{ Value string }
	Pipeline struct{ Value login }
	Deployer struct{ Value login }
}

func (s *stage) outputs(ctx context.Context) (o outputs, err error) {
	content, err := s.Run(ctx, "output", "-json")
	if err != nil {
		return o, err
	}
	return o, json.Unmarshal(content, &o)
}

// get calls the API as a pipeline would, without the provider's code.
func (s *stage) get(ctx context.Context, l login, path string, answer any) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.endpoint+path, nil)
	if err != nil {
		return 0, err
	}
	req.SetBasicAuth(l.Username, l.Password)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return resp.StatusCode, json.NewDecoder(resp.Body).Decode(answer)
}

func (s *stage) expect(ctx context.Context, who string, l login, path string, status int) error {
	var ignored any
	got, err := s.get(ctx, l, path, &ignored)
	if err != nil {
		return err
	}
	if got != status {
		return fmt.Errorf("%s: GET %s was answered with %d, not with %d", who, path, got, status)
	}
	say("  %-10s GET %-17s %d %s", who, path, status, http.StatusText(status))
	return nil
}

func (s *stage) tokenNames(ctx context.Context) ([]string, error) {
	var tokens []struct{ Name string }
	if _, err := s.get(ctx, s.provider, "/tokens", &tokens); err != nil {
		return nil, err
	}
	var names []string
	for _, t := range tokens {
		names = append(names, t.Name)
	}
	return names, nil
}
