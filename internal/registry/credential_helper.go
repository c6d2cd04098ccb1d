package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"github.com/docker/docker-credential-helpers/client"
	"github.com/docker/docker-credential-helpers/credentials"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cfcr"
)

const (
	// helper is the program that Docker runs for credentials: Cloudfleet's CLI.
	helper = "docker-credential-" + cfcr.CredentialHelper
	// helperTimeout is long enough to renew a login over the network, and too short for a
	// person to log in.
	helperTimeout = 30 * time.Second
	// helperWaitDelay is how long to wait for the output of a helper that has ended: a
	// process that it started may keep it open.
	helperWaitDelay = time.Second

	// identityToken is the user name of an answer whose secret is an identity token.
	identityToken = "<token>"
)

// Reasons why the helper gave no credentials. Its own output is never repeated: it may
// contain a secret.
var (
	errNoHelper      = fmt.Errorf("%s, which is Cloudfleet's CLI, is not on the PATH", helper)
	errNotLoggedIn   = fmt.Errorf("%s has no credentials for it", helper)
	errGarbage       = fmt.Errorf("the answer of %s is not a login", helper)
	errIdentityToken = fmt.Errorf("%s answered with an identity token, which is not a password", helper)
)

// limitedBuffer accepts at most 1 MiB of a helper's output.
type limitedBuffer struct{ bytes.Buffer }

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > 1<<20 {
		return 0, errors.New("its answer has more than 1 MiB")
	}
	return b.Buffer.Write(p)
}

// login is a user name and a password.
type login struct{ username, password string }

// askHelper gets the login at a registry from the machine's credential helper, as Docker
// does, within limit.
func askHelper(ctx context.Context, hostname string, limit time.Duration) (login, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("%s did not answer within %s", helper, limit))
	defer cancel()
	return ask(ctx, hostname, func(args ...string) *program {
		cmd := exec.CommandContext(ctx, helper, args...)
		cmd.WaitDelay = helperWaitDelay
		return &program{run: func(in io.Reader) ([]byte, error) {
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
func ask(ctx context.Context, hostname string, start func(args ...string) *program) (login, error) {
	var p *program
	found, err := client.Get(func(args ...string) client.Program {
		p = start(args...)
		return p
	}, hostname)
	switch {
	case err == nil && found.Username == identityToken:
		return login{}, errIdentityToken
	case err == nil:
		if err := errors.Join(cfcr.CheckUsername(found.Username), cfcr.CheckPassword(found.Secret)); err != nil {
			return login{}, fmt.Errorf("%s answered with a login that registries do not accept: %w", helper, err)
		}
		return login{found.Username, found.Secret}, nil
	case errors.Is(p.err, exec.ErrNotFound):
		return login{}, errNoHelper
	case credentials.IsErrCredentialsNotFound(err):
		return login{}, errNotLoggedIn
	case ctx.Err() != nil:
		return login{}, context.Cause(ctx)
	case p.err != nil:
		return login{}, fmt.Errorf("%s failed: %w", helper, p.err)
	default:
		return login{}, errGarbage
	}
}

// program is the helper. It keeps the error with which the process ended, which the
// client mixes with its output.
type program struct {
	run func(in io.Reader) ([]byte, error)
	in  io.Reader
	err error
}

// Output runs the helper.
func (p *program) Output() ([]byte, error) {
	out, err := p.run(p.in)
	p.err = err
	return out, err
}

// Input sets what the helper reads.
func (p *program) Input(in io.Reader) { p.in = in }
