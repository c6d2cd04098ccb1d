// Package oci is a client of the OCI distribution API, which registries implement: it
// reads lists and images, copies an image from one registry to another, and deletes it.
//
// An answer with a status from 400 on is an [*Error], and a missing one an
// [UnansweredError].
package oci

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/errcode"
	"oras.land/oras-go/v2/registry/remote/retry"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
)

const (
	// maxPages ends a list that would never end: it allows a hundred thousand names in
	// pages of a hundred.
	maxPages = 1000
	pageSize = 100
)

// Options configures a [Client].
type Options struct {
	// Host is the registry's host name, with or without a port. Hosts of this machine
	// (localhost, a name below it, a loopback address) are called without TLS.
	Host string
	// Domain is a suffix of Host. Credentials are sent only to hosts in it, such as the
	// registry's token service.
	Domain string
	// Username and Password log in to the registry.
	Username, Password string
	// DockerConfig logs in with the machine's Docker configuration and its credential
	// helpers if Username is empty. If they have no login for Host, calls are anonymous.
	DockerConfig bool
	// UserAgent is sent with every request.
	UserAgent string
	// RequestTimeout limits each attempt, including the body of the answer.
	RequestTimeout time.Duration
	// MaxRetries is how often a request is sent again after its first attempt.
	MaxRetries int
	// Log, if set, is called once for each attempt, without credentials and bodies.
	Log func(ctx context.Context, message string, fields ...map[string]any)
}

// Client calls a registry. It is safe for concurrent use.
type Client struct {
	registry *remote.Registry
	// logins has a sync.Once for each login, by host name or repository.
	logins sync.Map
	// homes has a repository that contains a blob or manifest, by its digest.
	homes      sync.Map
	maxRetries int
}

// New returns a client, or an error if Host is invalid. It does no I/O.
func New(o Options) (*Client, error) {
	at, err := remote.NewRegistry(o.Host)
	if err != nil {
		return nil, err
	}
	at.PlainHTTP = roundtrip.IsLoopback((&url.URL{Host: o.Host}).Hostname())
	at.RepositoryListPageSize = pageSize
	at.TagListPageSize = pageSize
	at.TagListMaxPages = maxPages
	credential := auth.StaticCredential(o.Host, auth.Credential{Username: o.Username, Password: o.Password})
	if o.Username == "" && o.DockerConfig {
		store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
		if err != nil {
			return nil, err
		}
		credential = credentials.Credential(store)
	}
	at.Client = &auth.Client{
		Client: &http.Client{Transport: &retry.Transport{Base: transport(o, at.PlainHTTP), Policy: func() retry.Policy {
			return retryPolicy{o.MaxRetries}
		}}},
		Header:     http.Header{"User-Agent": {o.UserAgent}},
		Credential: credential,
		Cache:      auth.NewCache(),
		// The transport restricts token services to the domain, which is stricter.
		BlockedRealmPrefixes: []netip.Prefix{},
	}
	return &Client{registry: at, maxRetries: o.MaxRetries}, nil
}

// retryPolicy has the rules of the API's client. A request to a registry may be sent
// twice: content is addressed by its digest.
type retryPolicy struct{ retries int }

// Retry implements retry.Policy. A negative wait means no retry.
func (p retryPolicy) Retry(attempt int, resp *http.Response, err error) (time.Duration, error) {
	ctx := context.Background() // the transport ends the wait when the request is cancelled
	if attempt >= p.retries || !roundtrip.ShouldRetry(ctx, resp, err) {
		return -1, nil
	}
	return roundtrip.Backoff(roundtrip.RetryWaitMin, roundtrip.RetryWaitMax, attempt, resp), nil
}

// logIn gets the token for a repository if the registry has a token service, before many
// concurrent requests each try to.
func (c *Client) logIn(ctx context.Context, repository string) {
	client, ok := c.registry.Client.(*auth.Client)
	if !ok {
		return
	}
	host := c.registry.Reference.Host()
	key := host
	if scheme, err := client.Cache.GetScheme(ctx, host); err == nil && scheme == auth.SchemeBearer {
		key = repository
	}
	once, _ := c.logins.LoadOrStore(key, &sync.Once{})
	if once, ok := once.(*sync.Once); ok {
		once.Do(func() {
			ctx := auth.AppendRepositoryScope(
				ctx,
				registry.Reference{Registry: c.registry.Reference.Registry, Repository: repository},
				auth.ActionPull,
			)
			_ = c.registry.Ping(ctx) // the request itself reports the error
			c.logins.Store(repository, once)
		})
	}
}

// errNoMore ends a list.
var errNoMore = errors.New("the list has no more")

// collect returns the names of a paginated list, each once. It stops at a page without
// new names, because a list may link to itself.
func collect(list func(page func([]string) error) error) ([]string, error) {
	names, seen, pages := []string{}, map[string]bool{}, 0
	err := list(func(page []string) error {
		before := len(names)
		for _, name := range page {
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
		switch pages++; {
		case len(names) == before:
			return errNoMore
		case pages >= maxPages:
			return fmt.Errorf("the list has more than %d pages", maxPages)
		}
		return nil
	})
	if errors.Is(err, errNoMore) {
		err = nil
	}
	return names, redactError(err)
}

// Repositories returns the names of all repositories, sorted.
func (c *Client) Repositories(ctx context.Context) ([]string, error) {
	names, err := collect(func(page func([]string) error) error { return c.registry.Repositories(ctx, "", page) })
	slices.Sort(names)
	return names, err
}

// Tags returns all tags of a repository.
func (c *Client) Tags(ctx context.Context, repository string) ([]string, error) {
	r, err := c.registry.Repository(ctx, repository)
	if err != nil {
		return nil, err
	}
	return collect(func(page func([]string) error) error { return r.Tags(ctx, "", page) })
}

// Causes of an answer that cannot be used.
var (
	ErrTooLarge      = roundtrip.ErrBodyTooLarge
	ErrLinkElsewhere = roundtrip.ErrLinkElsewhere
	ErrNoRealm       = errors.New("the registry's challenge has no realm, which says where to log in")
)

// Error is an unexpected answer.
type Error struct {
	// Method and Path are those of the request.
	Method, Path string
	// StatusCode is the HTTP status.
	StatusCode int
	// Code and Message are the registry's own. They are empty when it sent none.
	Code, Message string
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s %s: %s", e.Method, e.Path, e.Status())
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// Status returns the status in digits and words, with the registry's code if there is
// one: `404 Not Found (NAME_UNKNOWN)`.
func (e *Error) Status() string {
	s := fmt.Sprintf("%d %s", e.StatusCode, http.StatusText(e.StatusCode))
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	return s
}

// IsNotFound reports whether the registry answered that something does not exist.
func IsNotFound(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.StatusCode == http.StatusNotFound
}

// UnansweredError is the error of a request that did not reach the registry, was not
// answered in full, or was not sent to protect the credentials.
type UnansweredError struct{ error }

func (e UnansweredError) Unwrap() error { return e.error }

// redactError removes what may be secret in the query of a URL from an error, such as the
// signature of a storage service.
func redactError(err error) error {
	if answer, ok := errors.AsType[*errcode.ErrorResponse](err); ok {
		e := &Error{Method: answer.Method, Path: answer.URL.Path, StatusCode: answer.StatusCode}
		if len(answer.Errors) > 0 {
			e.Code, e.Message = answer.Errors[0].Code, answer.Errors[0].Message
		}
		return e
	}
	if errors.Is(err, auth.ErrBasicCredentialNotFound) {
		return &Error{Method: http.MethodGet, Path: "/v2/", StatusCode: http.StatusUnauthorized}
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return UnansweredError{failed.Err}
	}
	return err
}
