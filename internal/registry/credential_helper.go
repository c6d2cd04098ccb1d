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
	// helper is the name of the program that Docker asks: Cloudfleet's CLI.
	helper = "docker-credential-" + cfcr.CredentialHelper
	// helperTimeout is enough for a login to be renewed over the network, and too
	// little for a person to log in.
	helperTimeout = 30 * time.Second
	// helperWaitDelay is how long the output of a helper that has ended is waited for:
	// a process that it started may hold on to it.
	helperWaitDelay = time.Second

	// identityToken is the user name that says that the secret is an identity token.
	identityToken = "<token>"
)

// Why the helper gave no credentials. Beyond these, its own words are never repeated:
// there may be a secret among them.
var (
	errNoHelper      = fmt.Errorf("%s, which is Cloudfleet's CLI, is not on the PATH", helper)
	errNotLoggedIn   = fmt.Errorf("%s has no credentials for it", helper)
	errGarbage       = fmt.Errorf("%s answered with something else than credentials", helper)
	errIdentityToken = fmt.Errorf("%s answered with an identity token, which is no password", helper)
)

// limitedBuffer takes as much as an answer of a helper may have: 1 MiB.
type limitedBuffer struct{ bytes.Buffer }

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > 1<<20 {
		return 0, errors.New("its answer has more than 1 MiB")
	}
	return b.Buffer.Write(p)
}

// login is a user name and a password.
type login struct{ username, password string }

// askHelper asks the machine's credential helper for the login at a registry, as
// Docker does, for at most limit.
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
				err = nil // it has ended well, and a process that it started holds on to its output
			}
			return out.Bytes(), err
		}}
	})
}

// ask asks a helper that start starts.
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
			return login{}, fmt.Errorf("%s answered with a login that no registry takes: %w", helper, err)
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

// program is the helper. It keeps the error that it ended with, which the client
// mixes with what it printed.
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

// Input is what the helper is to read.
func (p *program) Input(in io.Reader) { p.in = in }
