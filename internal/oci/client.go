// Package oci is a client of the OCI distribution API, which registries speak: it reads
// lists and images, copies an image from one registry to another, and deletes it.
//
// An answer from 400 on is an [*Error], and none at all an [UnansweredError].
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
	// maxPages bounds a list: a hundred thousand names in pages of a hundred.
	maxPages = 1000
	pageSize = 100
)

// Options configures a [Client].
type Options struct {
	// Host is the registry's host name, with a port or without. One of this machine
	// (localhost, a name below it, a loopback address) is spoken to without TLS.
	Host string
	// Domain is what Host ends with. Credentials are sent to hosts in it alone, such
	// as the registry's token service.
	Domain string
	// Username and Password log in to the registry.
	Username, Password string
	// DockerConfig lets the machine's Docker configuration and its credential helpers log
	// in, where Username is empty. Where it has no login for Host, there is none.
	DockerConfig bool
	// UserAgent is sent with every request.
	UserAgent string
	// RequestTimeout limits each attempt, the answer's body included.
	RequestTimeout time.Duration
	// MaxRetries is how often a request is sent again after its first attempt.
	MaxRetries int
	// Log, if set, is called once for each attempt. It is handed neither
	// credentials nor bodies.
	Log func(ctx context.Context, message string, fields ...map[string]any)
}

// Client calls a registry. It is safe for concurrent use.
type Client struct {
	registry *remote.Registry
	// logins are the sync.Once of each login, by host name or repository.
	logins sync.Map
	// homes are repositories in which a blob or manifest is known to be, by digest.
	homes      sync.Map
	maxRetries int
}

// New returns a client, or an error if Host is not one. It does no I/O.
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
		// The transport holds a token service to the domain, which is stricter.
		BlockedRealmPrefixes: []netip.Prefix{},
	}
	return &Client{registry: at, maxRetries: o.MaxRetries}, nil
}

// retryPolicy is the one of the API's client. What a registry takes may be sent twice: it is
// named by its content.
type retryPolicy struct{ retries int }

// Retry implements retry.Policy. A negative wait is no retry.
func (p retryPolicy) Retry(attempt int, resp *http.Response, err error) (time.Duration, error) {
	ctx := context.Background() // the transport ends the wait when the request is cancelled
	if attempt >= p.retries || !roundtrip.ShouldRetry(ctx, resp, err) {
		return -1, nil
	}
	return roundtrip.Backoff(roundtrip.RetryWaitMin, roundtrip.RetryWaitMax, attempt, resp), nil
}

// logIn gets the token for a repository, where the registry has a token service, before
// many requests at once each find out that they need one.
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
			_ = c.registry.Ping(ctx) // what is wrong shows in the request itself
			c.logins.Store(repository, once)
		})
	}
}

// errNoMore ends a list.
var errNoMore = errors.New("the list has no more")

// collect collects the names of a list that is served in pages, each once. It stops at
// a page that brings nothing new, because a list may lead to itself.
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

// Causes of an answer that is of no use.
var (
	ErrTooLarge      = roundtrip.ErrBodyTooLarge
	ErrLinkElsewhere = roundtrip.ErrLinkElsewhere
	ErrNoRealm       = errors.New("the registry's challenge does not say where to log in: it has no realm")
)

// Error is an answer that is not the one that was asked for.
type Error struct {
	// Method and Path are the request's.
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

// Status is the status in digits and words, with the registry's code where it gave
// one: `404 Not Found (NAME_UNKNOWN)`.
func (e *Error) Status() string {
	s := fmt.Sprintf("%d %s", e.StatusCode, http.StatusText(e.StatusCode))
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	return s
}

// IsNotFound reports whether the registry answered that the thing asked for does not
// exist.
func IsNotFound(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.StatusCode == http.StatusNotFound
}

// UnansweredError is of a request that the registry was not reached with, that it
// did not answer in full, or that was not sent for the sake of the credentials.
type UnansweredError struct{ error }

func (e UnansweredError) Unwrap() error { return e.error }

// redactError returns an error without what a URL's query may hold, such as the signature
// of a storage service.
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
