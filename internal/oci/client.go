// Package oci is a client of the OCI distribution API, which registries speak. It
// reads only, and knows nothing of Terraform.
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
	"time"

	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
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

// Client reads from a registry. It is safe for concurrent use.
type Client struct {
	registry *remote.Registry
}

// New returns a client, or an error if Host is not one. It does no I/O.
func New(o Options) (*Client, error) {
	registry, err := remote.NewRegistry(o.Host)
	if err != nil {
		return nil, err
	}
	registry.PlainHTTP = roundtrip.IsLoopback((&url.URL{Host: o.Host}).Hostname())
	registry.RepositoryListPageSize = pageSize
	registry.TagListPageSize = pageSize
	registry.TagListMaxPages = maxPages
	registry.Client = &auth.Client{
		Client: &http.Client{Transport: &retry.Transport{Base: transport(o, registry.PlainHTTP), Policy: func() retry.Policy {
			return retryPolicy{o.MaxRetries}
		}}},
		Header:     http.Header{"User-Agent": {o.UserAgent}},
		Credential: auth.StaticCredential(o.Host, auth.Credential{Username: o.Username, Password: o.Password}),
		Cache:      auth.NewCache(),
		// The transport holds a token service to the domain, which is stricter.
		BlockedRealmPrefixes: []netip.Prefix{},
	}
	return &Client{registry}, nil
}

// retryPolicy is the one of the API's client, for a client that only reads.
type retryPolicy struct{ retries int }

// Retry implements retry.Policy. A negative wait is no retry.
func (p retryPolicy) Retry(attempt int, resp *http.Response, err error) (time.Duration, error) {
	ctx := context.Background() // the transport ends the wait when the request is cancelled
	if attempt >= p.retries || !roundtrip.ShouldRetry(ctx, resp, err) {
		return -1, nil
	}
	return roundtrip.Backoff(roundtrip.RetryWaitMin, roundtrip.RetryWaitMax, attempt, resp), nil
}

// Repositories returns the names of all repositories, sorted.
func (c *Client) Repositories(ctx context.Context) ([]string, error) {
	names := []string{}
	pages := 0
	err := c.registry.Repositories(ctx, "", func(page []string) error {
		names = append(names, page...)
		if pages++; pages > maxPages {
			return fmt.Errorf("the list of repositories has more than %d pages", maxPages)
		}
		return nil
	})
	slices.Sort(names)
	return names, plain(err)
}

// Tags returns all tags of a repository.
func (c *Client) Tags(ctx context.Context, repository string) ([]string, error) {
	r, err := c.registry.Repository(ctx, repository)
	if err != nil {
		return nil, err
	}
	var tags []string
	err = r.Tags(ctx, "", func(page []string) error {
		tags = append(tags, page...)
		return nil
	})
	return tags, plain(err)
}

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

// IsNotFound tells whether the registry answered that the thing asked for does not
// exist.
func IsNotFound(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.StatusCode == http.StatusNotFound
}

// UnansweredError is of a request that the registry was not reached with, that it
// did not answer in full, or that was not sent for the sake of the credentials.
type UnansweredError struct{ error }

func (e UnansweredError) Unwrap() error { return e.error }

// plain returns an error without what a URL's query may hold, such as the signature
// of a storage service.
func plain(err error) error {
	if answer, ok := errors.AsType[*errcode.ErrorResponse](err); ok {
		e := &Error{Method: answer.Method, Path: answer.URL.Path, StatusCode: answer.StatusCode}
		if len(answer.Errors) > 0 {
			e.Code, e.Message = answer.Errors[0].Code, answer.Errors[0].Message
		}
		return e
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return UnansweredError{failed.Err}
	}
	return err
}
