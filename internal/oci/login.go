package oci

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker-credential-helpers/client"
	"github.com/docker/docker-credential-helpers/credentials"
)

const (
	// helperTimeout is long enough to renew a login over the network, and too short for a
	// person to log in.
	helperTimeout = 30 * time.Second
	// helperWaitDelay is how long to wait for the output of a helper that has ended: a
	// process that it started may keep it open.
	helperWaitDelay = time.Second
	// helperMax is the largest answer of a helper, in bytes.
	helperMax = 1 << 20

	helperPrefix = "docker-credential-"
	// identityTokenUser is the user name of an answer whose secret is an identity token.
	identityTokenUser = "<token>"
	// dockerHubKey is Docker Hub's name in Docker's configuration.
	dockerHubKey = "https://index.docker.io/v1/"
)

// Reasons why a helper gave no credentials. Its own output is never repeated: it may
// contain a secret.
var (
	ErrNoHelper      = errors.New("is not on the PATH")
	ErrNotLoggedIn   = errors.New("has no credentials for it")
	errGarbage       = errors.New("answered what is not a login")
	errIdentityToken = errors.New("answered with an identity token, which is not a password")
)

// AskHelper gets the login at a registry from a credential helper of the machine, as
// Docker does, within 30 seconds. name is that of the helper in Docker's configuration. An
// identity token is an error.
func AskHelper(ctx context.Context, name, hostname string) (username, password string, err error) {
	found, err := askHelper(ctx, name, hostname, helperTimeout)
	if err == nil && found.identityToken != "" {
		err = errIdentityToken
	}
	if err != nil {
		return "", "", fmt.Errorf("%s%s %w", helperPrefix, name, err)
	}
	return found.username, found.password, nil
}

func askHelper(ctx context.Context, name, hostname string, limit time.Duration) (login, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("did not answer within %s", limit))
	defer cancel()
	return ask(ctx, hostname, func(args ...string) *helper {
		cmd := exec.CommandContext(ctx, helperPrefix+name, args...) //nolint:gosec // a helper of the user's own Docker configuration
		cmd.WaitDelay = helperWaitDelay
		return &helper{run: func(in io.Reader) ([]byte, error) {
			var out limitedBuffer
			cmd.Stdin, cmd.Stdout = in, &out
			err := cmd.Run()
			if errors.Is(err, exec.ErrWaitDelay) {
				err = nil // it succeeded, and a process that it started keeps its output open
			}
			return out.Bytes(), err
		}}
	})
}

// ask gets a login from the helper that start starts.
func ask(ctx context.Context, hostname string, start func(args ...string) *helper) (login, error) {
	var h *helper
	found, err := client.Get(func(args ...string) client.Program {
		h = start(args...)
		return h
	}, hostname)
	switch {
	case err == nil && found.Username == identityTokenUser:
		return login{identityToken: found.Secret}, nil
	case err == nil:
		return login{username: found.Username, password: found.Secret}, nil
	case errors.Is(h.err, exec.ErrNotFound):
		return login{}, ErrNoHelper
	case credentials.IsErrCredentialsNotFound(err):
		return login{}, ErrNotLoggedIn
	case ctx.Err() != nil:
		return login{}, context.Cause(ctx)
	case h.err != nil:
		return login{}, fmt.Errorf("failed: %w", h.err)
	default:
		return login{}, errGarbage
	}
}

// helper is the program. It keeps the error with which the process ended, which the client
// mixes with its output.
type helper struct {
	run func(in io.Reader) ([]byte, error)
	in  io.Reader
	err error
}

// Output runs the helper.
func (h *helper) Output() ([]byte, error) {
	out, err := h.run(h.in)
	h.err = err
	return out, err
}

// Input sets what the helper reads.
func (h *helper) Input(in io.Reader) { h.in = in }

// limitedBuffer accepts at most helperMax bytes.
type limitedBuffer struct{ bytes.Buffer }

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > helperMax {
		return 0, errors.New("its answer has more than 1 MiB")
	}
	return b.Buffer.Write(p)
}

// dockerConfig is a part of Docker's configuration.
type dockerConfig struct {
	Auths map[string]struct {
		Auth, Username, Password string
		IdentityToken            string `json:"identitytoken"`
	} `json:"auths"`
	CredsStore  string            `json:"credsStore"`
	CredHelpers map[string]string `json:"credHelpers"`
}

// dockerLogin returns the login for a registry in the machine's Docker configuration. If
// there is none, it is empty, and from says what was tried.
func dockerLogin(ctx context.Context, host string) login {
	folder := os.Getenv("DOCKER_CONFIG")
	if folder == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return login{}
		}
		folder = filepath.Join(home, ".docker")
	}
	file := filepath.Join(folder, "config.json")
	content, err := os.ReadFile(file) //nolint:gosec // the user's own Docker configuration
	if err != nil {
		return login{from: "there is no " + file}
	}
	var config dockerConfig
	if err := json.Unmarshal(content, &config); err != nil {
		return login{from: file + " is not a Docker configuration"}
	}
	keys, hosts := []string{host, "https://" + host, "https://" + host + "/v2/", "https://" + host + "/v1/"}, []string{host}
	if hub := []string{"docker.io", "index.docker.io", "registry-1.docker.io"}; slices.Contains(hub, host) {
		keys, hosts = []string{dockerHubKey, "docker.io", "index.docker.io"}, hub
	}
	tried := []string{file + " has no login for " + host}
	for _, key := range keys {
		name := config.CredHelpers[key]
		if name == "" {
			name = config.CredsStore
		}
		if name != "" {
			found, err := askHelper(ctx, name, key, helperTimeout)
			if err == nil {
				found.from = "the login is from " + helperPrefix + name
				return found
			}
			tried = append(tried, fmt.Sprintf("%s%s %s", helperPrefix, name, err))
			if !errors.Is(err, ErrNotLoggedIn) {
				break // another name would end the same
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(config.Auths)) {
		name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://"), "/")
		if !slices.Contains(hosts, name) {
			continue
		}
		entry := config.Auths[key]
		found := login{entry.Username, entry.Password, entry.IdentityToken, "the login is from " + file}
		if decoded, err := base64.StdEncoding.DecodeString(entry.Auth); err == nil && found.username == "" {
			found.username, found.password, _ = strings.Cut(strings.TrimRight(string(decoded), "\x00"), ":")
		}
		if found.username != "" || found.identityToken != "" {
			return found
		}
	}
	return login{from: strings.Join(tried, ", and ")}
}
