// Package oci is a client of the OCI distribution API, which registries implement: it
// reads lists and images, copies an image from one registry to another, and deletes it.
//
// An answer with a status from 300 on is an [*Error], and a missing one an
// [UnansweredError]. Both name the registry.
package oci

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"oras.land/oras-go/v2/registry"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
)

const (
	// maxPages ends a list that would never end: it allows a hundred thousand names in
	// pages of a hundred.
	maxPages = 1000
	pageSize = 100
	// maxErrorBody is how much of an error's body is read.
	maxErrorBody = 64 << 10
)

// Options configures a [Client].
type Options struct {
	// Host is the registry's host name, with or without a port. Hosts of this machine
	// (localhost, a name below it, a loopback address) are called without TLS.
	Host string
	// Domain is a suffix of Host. Credentials are sent only to hosts in it, such as the
	// registry's token service, on any port.
	Domain string
	// Username and Password log in to the registry.
	Username, Password string
	// DockerConfig logs in with the machine's Docker configuration and its credential
	// helpers if Username is empty. If they have no login for Host, calls are anonymous.
	DockerConfig bool
	// UserAgent is sent with every request.
	UserAgent string
	// RequestTimeout limits each attempt, including the body of the answer. For blobs it
	// limits the time without progress.
	RequestTimeout time.Duration
	// MaxRetries is how often a request is sent again after its first attempt.
	MaxRetries int
	// Network, if set, takes the place of the network, for tests.
	Network http.RoundTripper
	// Log, if set, is called once for each attempt, without credentials and bodies.
	Log func(ctx context.Context, message string, fields ...map[string]any)
	// Warn, if set, is called when all calls begin to wait for long.
	Warn func(ctx context.Context, message string, fields ...map[string]any)
}

// Client calls a registry. It is safe for concurrent use.
type Client struct {
	// Host is that of Options.
	Host string
	base url.URL
	http *http.Client
	auth *authenticator
	// retries is MaxRetries.
	retries int
	// homes has a repository that contains a blob, by its digest.
	homes sync.Map
	// uploads lets one upload at a time send a digest.
	uploads gates
	// hasReferrersAPI is set once it has answered.
	hasReferrersAPI atomic.Bool
	// repositories lets a deletion be alone in a repository: what it looks for may be on its
	// way there.
	repositories gates
}

// New returns a client, or an error if Host is invalid. It does no I/O.
func New(o Options) (*Client, error) {
	at := registry.Reference{Registry: o.Host}
	if err := at.ValidateRegistry(); err != nil {
		return nil, err
	}
	c := &Client{Host: o.Host, base: url.URL{Scheme: "https", Host: at.Host()}, retries: o.MaxRetries}
	if roundtrip.IsLoopback(c.base.Hostname()) {
		c.base.Scheme = "http"
	}
	c.http = &http.Client{Transport: transport(o, c.base.Scheme == "http"), CheckRedirect: checkRedirect}
	c.auth = newAuthenticator(c, o)
	return c, nil
}

// gates let many pass at the same time, or one alone, by a name. They are semaphores, so
// that an interrupt ends the wait.
type gates struct{ byName sync.Map }

// enter waits until the gate of this name is free. Call leave afterwards.
func (g *gates) enter(ctx context.Context, name string, alone bool) (leave func(), err error) {
	const many = 1 << 30
	value, _ := g.byName.LoadOrStore(name, semaphore.NewWeighted(many))
	gate, _ := value.(*semaphore.Weighted)
	weight := int64(1)
	if alone {
		weight = many
	}
	if gate.Acquire(ctx, weight) != nil {
		return nil, context.Cause(ctx)
	}
	return func() { gate.Release(weight) }, nil
}

// call is a request that has not been sent yet.
type call struct {
	method string
	url    *url.URL
	header http.Header
	// body returns the content, from its beginning, and size its length. Nil: none.
	body func() (io.ReadCloser, error)
	size int64
	// isOften is set for calls that many do at the same time, each perhaps as the first.
	isOften bool
	// repository, push and mountFrom, another repository, are what a token must allow.
	repository string
	push       bool
	mountFrom  string
}

// retryWaitMin is a variable for tests that do not wait.
var retryWaitMin = roundtrip.RetryWaitMin

// budget is how many requests of one task may still be sent again.
type budget struct{ left, used int }

// wait waits before another attempt, and reports whether there is one.
func (b *budget) wait(ctx context.Context, resp *http.Response) bool {
	if b.left <= 0 {
		return false
	}
	timer := time.NewTimer(roundtrip.Backoff(retryWaitMin, roundtrip.RetryWaitMax, b.used, resp))
	defer timer.Stop()
	b.left, b.used = b.left-1, b.used+1
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (c *Client) newBudget() *budget { return &budget{left: c.retries} }

// path returns the URL of a path below /v2/.
func (c *Client) path(path string, query url.Values) *url.URL {
	u := c.base
	u.Path, u.RawQuery = "/v2/"+path, query.Encode()
	return &u
}

// send sends a call, and again as far as the budget reaches. The answer has a status below
// 300, and its body must be closed.
func (c *Client) send(ctx context.Context, r call, b *budget) (*http.Response, error) {
	resp, err := c.retry(ctx, b, func() (*http.Response, error) { return c.attempt(ctx, r) })
	if err == nil && r.method != http.MethodGet && isPage(resp) {
		_ = resp.Body.Close()
		return nil, ContentError{c.Host, ErrPage}
	}
	if e, ok := errors.AsType[*Error](err); ok && e.StatusCode == http.StatusUnauthorized && e.Login == "" {
		e.Login = c.auth.login(ctx).from
	}
	return resp, err
}

// isPage reports whether a proxy has answered a write or a HEAD, such as with a login. Some
// registries call an empty answer HTML.
func isPage(resp *http.Response) bool {
	if mediaTypeOf(resp.Header) != "text/html" || resp.Header.Get("Docker-Content-Digest") != "" {
		return false
	}
	n, _ := resp.Body.Read(make([]byte, 1)) // nothing else reads it
	return n > 0 || resp.Request.Method == http.MethodHead
}

// retry makes an attempt, and more as far as the budget reaches, until the status is below
// 300.
func (c *Client) retry(ctx context.Context, b *budget, attempt func() (*http.Response, error)) (*http.Response, error) {
	for {
		resp, err := attempt()
		if err == nil && resp.StatusCode < http.StatusMultipleChoices {
			return resp, nil
		}
		// Any other error is one of a login, which has had its own budget.
		_, isNetwork := errors.AsType[*url.Error](err)
		retries := (err == nil || isNetwork) && roundtrip.ShouldRetry(ctx, resp, err)
		failure := c.failure(resp, err)
		if !retries || !b.wait(ctx, resp) {
			return nil, failure
		}
	}
}

// attempt sends a call once and, if the registry asks for another login, once more.
func (c *Client) attempt(ctx context.Context, r call) (*http.Response, error) {
	if err := c.auth.prepare(ctx, r); err != nil {
		return nil, err
	}
	for again := false; ; again = true {
		req, err := r.request(ctx)
		if err != nil {
			return nil, err
		}
		c.auth.authorize(req, r)
		resp, err := c.http.Do(req)
		if err != nil || resp.StatusCode != http.StatusUnauthorized || again {
			return resp, err
		}
		isNew, err := c.auth.challenged(ctx, resp, r)
		if err != nil {
			_ = resp.Body.Close()
			return nil, err
		}
		if !isNew {
			return resp, nil
		}
		_ = resp.Body.Close()
	}
}

func (r call) request(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, r.url.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, r.header)
	if r.body != nil {
		if req.Body, err = r.body(); err != nil {
			return nil, err
		}
		if req.ContentLength = r.size; r.size == 0 {
			_ = req.Body.Close()
			req.Body = http.NoBody
		}
	}
	return req, nil
}

// failure returns the error of an answer or of a missing one. It closes the body.
func (c *Client) failure(resp *http.Response, err error) error {
	if err != nil {
		return c.unanswered(err)
	}
	defer resp.Body.Close()
	e := &Error{Host: c.Host, Method: resp.Request.Method, Path: resp.Request.URL.Path, StatusCode: resp.StatusCode}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // the status is what counts
	e.Code, e.Message = ownWords(body)
	return e
}

// ownWords returns the code and the message in the body of an error, in the form of the
// specification or in that of other servers. A page of HTML has none.
func ownWords(body []byte) (code, message string) {
	var fields map[string]any
	_ = json.Unmarshal(body, &fields)
	if list, _ := fields["errors"].([]any); len(list) > 0 {
		fields, _ = list[0].(map[string]any)
	}
	for _, name := range []string{"message", "detail", "details", "error_description", "error"} {
		if text, _ := fields[name].(string); message == "" {
			message = roundtrip.Printable(text)
		}
	}
	switch value := fields["code"].(type) {
	case string, float64:
		code = roundtrip.Printable(fmt.Sprint(value))
	}
	return code, message
}

// unanswered removes what may be secret in the query of a URL from an error, such as the
// signature of a storage service.
func (c *Client) unanswered(err error) error {
	_, isSource := errors.AsType[SourceError](err)
	_, isAnswer := errors.AsType[*Error](err)
	_, isUnanswered := errors.AsType[UnansweredError](err)
	if isSource || isAnswer || isUnanswered {
		return err
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err
	}
	return UnansweredError{c.Host, err}
}

// getJSON reads an answer into v.
func (c *Client) getJSON(ctx context.Context, r call, b *budget, v any) (http.Header, error) {
	resp, err := c.send(ctx, r, b)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, c.unanswered(err)
	}
	if err := json.Unmarshal(content, v); err != nil {
		return nil, UnansweredError{c.Host, fmt.Errorf("failed to decode the answer: %w", err)}
	}
	return resp.Header, nil
}

// collect returns the entries of all pages of a list, each once. It stops at a page without
// new entries, because a list may link to itself. entries reads a page, and key tells
// entries apart. After an error, the entries until then are returned.
func collect[Page, Entry any, Key comparable](
	ctx context.Context, c *Client, r call, maxPages, maxEntries int, entries func(Page) []Entry, key func(Entry) Key,
) (all []Entry, err error) {
	seen := map[Key]bool{}
	for range maxPages {
		var page Page
		header, err := c.getJSON(ctx, r, c.newBudget(), &page)
		if err != nil {
			return all, err
		}
		before := len(all)
		for _, entry := range entries(page) {
			if !seen[key(entry)] {
				seen[key(entry)] = true
				all = append(all, entry)
			}
		}
		next, err := c.next(r.url, header)
		if err != nil || next == nil || len(all) == before {
			return all, err
		}
		if len(all) > maxEntries {
			break
		}
		r.url = next
	}
	return all, UnansweredError{c.Host, fmt.Errorf("the list has more than %d pages or %d entries", maxPages, maxEntries)}
}

// next returns the URL of the next page, nil if there is none. A link to another host is
// an error: credentials would be sent there.
func (c *Client) next(here *url.URL, header http.Header) (*url.URL, error) {
	link, found := roundtrip.NextLink(header)
	if !found {
		return nil, nil
	}
	there, err := here.Parse(link)
	if err != nil || !roundtrip.SameOrigin(there, here) {
		return nil, UnansweredError{c.Host, ErrLinkElsewhere}
	}
	return there, nil
}

// names returns a field of all pages of a list, which has names.
func (c *Client) names(ctx context.Context, r call, field string) ([]string, error) {
	r.method, r.url.RawQuery = http.MethodGet, url.Values{"n": {strconv.Itoa(pageSize)}}.Encode()
	all, err := collect(ctx, c, r, maxPages, maxPages*pageSize, func(page map[string]json.RawMessage) (names []string) {
		_ = json.Unmarshal(page[field], &names) // of another form: none
		return names
	}, func(name string) string { return name })
	if err != nil {
		return nil, err
	}
	return append([]string{}, all...), nil // never nil, for a state
}

// Repositories returns the names of all repositories, sorted.
func (c *Client) Repositories(ctx context.Context) ([]string, error) {
	names, err := c.names(ctx, call{url: c.path("_catalog", nil)}, "repositories")
	slices.Sort(names)
	return names, err
}

// Tags returns all tags of a repository.
func (c *Client) Tags(ctx context.Context, repository string) ([]string, error) {
	return c.names(ctx, call{url: c.path(repository+"/tags/list", nil), repository: repository}, "tags")
}
