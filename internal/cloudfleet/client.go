// Package cloudfleet is a client of the Cloudfleet API. It does not depend on Terraform.
//
// Every method takes a context and returns when it is cancelled, with one exception: a
// write that has been sent is completed, for at most the request timeout, because the
// answer may have a secret that is shown only once.
//
// An answer with a status from 400 on, or with a body that cannot be used, is an
// [*Error].
package cloudfleet

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
)

const (
	// DefaultRequestTimeout is how long one attempt of a request may take.
	DefaultRequestTimeout = 30 * time.Second
	// DefaultMaxRetries is how often a request is sent again.
	DefaultMaxRetries = 4
)

// ErrNoCredentials is what every call returns when Options has no access token.
var ErrNoCredentials = errors.New("no access token is configured")

// Options configures a [Client].
type Options struct {
	// Endpoint is the base URL of the API, as [ParseEndpoint] accepts it. Default:
	// DefaultEndpoint.
	Endpoint string
	// OrganizationID is the organization that the access token must belong to. It is
	// checked once, before the first call. Empty: any.
	OrganizationID string
	// AccessTokenID and AccessTokenSecret are the credential. If either is empty, every
	// call returns ErrNoCredentials.
	AccessTokenID, AccessTokenSecret string
	// CredentialNote is added to the message when the credential is rejected (401).
	CredentialNote string
	// UserAgent is sent with every request.
	UserAgent string
	// RequestTimeout limits each attempt, including the body of the answer. Default:
	// DefaultRequestTimeout.
	RequestTimeout time.Duration
	// MaxRetries is how often a request is sent again after its first attempt. Zero:
	// never.
	MaxRetries int
	// Log, if set, is called once for each attempt, without credentials and bodies.
	Log func(ctx context.Context, message string, fields ...map[string]any)
	// Warn, if set, is called when all calls begin to wait for long.
	Warn func(ctx context.Context, message string, fields ...map[string]any)
}

// Client calls the API. It is safe for concurrent use.
type Client struct {
	base         *url.URL
	self         credential
	note         string
	organization organizationCheck
	batcher      readBatcher
	access       accessCheck
	http         *retryablehttp.Client
	// unavailable, if set, is returned by every call.
	unavailable error
}

// accessCheck is the answer of CheckAccess.
type accessCheck struct {
	once sync.Once
	done chan struct{}
	err  error
}

// credential identifies the sender of a request. The secret is behind a function, so that
// printing a value that has a credential never shows it.
type credential struct {
	tokenID string
	secret  func() string
}

func newCredential(tokenID, secret string) credential {
	return credential{tokenID, func() string { return secret }}
}

func (o Options) withDefaults() Options {
	o.Endpoint = cmp.Or(o.Endpoint, DefaultEndpoint)
	if o.RequestTimeout <= 0 {
		o.RequestTimeout = DefaultRequestTimeout
	}
	return o
}

// New returns a client, or an error if the endpoint is invalid. It does no I/O.
func New(o Options) (*Client, error) {
	o = o.withDefaults()
	network := roundtrip.Network(o.RequestTimeout)
	if strings.HasPrefix(strings.ToLower(o.Endpoint), "http:") {
		roundtrip.LoopbackOnly(network)
	}
	return NewOver(network, o)
}

// NewOver is New over another transport, for tests.
func NewOver(network http.RoundTripper, o Options) (*Client, error) {
	o = o.withDefaults()
	base, err := ParseEndpoint(o.Endpoint)
	if err != nil {
		return nil, err
	}
	if o.AccessTokenID == "" || o.AccessTokenSecret == "" {
		return Unavailable(ErrNoCredentials), nil
	}
	self := newCredential(o.AccessTokenID, o.AccessTokenSecret)
	return &Client{
		base:         base,
		self:         self,
		note:         o.CredentialNote,
		organization: organizationCheck{want: o.OrganizationID},
		http: &retryablehttp.Client{
			HTTPClient: &http.Client{
				Transport: transport(o, network),
				// Credentials are sent only to the host that they are meant for.
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			},
			RetryMax:     o.MaxRetries,
			RetryWaitMin: roundtrip.RetryWaitMin,
			RetryWaitMax: roundtrip.RetryWaitMax,
			CheckRetry:   checkRetry,
			Backoff:      roundtrip.Backoff,
			ErrorHandler: retryablehttp.PassthroughErrorHandler,
		},
	}, nil
}

// Unavailable returns a client whose calls all return err, for use before a client can be
// configured.
func Unavailable(err error) *Client { return &Client{unavailable: err} }

// Unavailability returns the error that every call returns, nil if calls are sent.
func (c *Client) Unavailability() error { return c.unavailable }

// CallsAs reports whether the token with this ID is the client's own access token.
func (c *Client) CallsAs(id string) bool { return id != "" && id == c.self.tokenID }

// ParseEndpoint parses a base URL: HTTPS, or HTTP to this machine (localhost, a name
// below it, 127.0.0.0/8, ::1), without user, query and fragment.
func ParseEndpoint(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		// The error does not repeat the value: it may contain a password.
		return nil, errors.New("the endpoint is not a URL, such as " + DefaultEndpoint)
	case u.User != nil:
		return nil, errors.New("the endpoint contains a user or a password: set the access token instead")
	case u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "":
		return nil, errors.New("the endpoint is not a base URL, such as " + DefaultEndpoint)
	case u.Scheme == "https", u.Scheme == "http" && roundtrip.IsLoopback(u.Hostname()):
		return u, nil
	default:
		return nil, fmt.Errorf(
			"the endpoint %q does not use HTTPS: plain HTTP is allowed only to this machine, such as http://127.0.0.1:8080/v1",
			s,
		)
	}
}

// request is a call that has not been sent yet.
type request struct {
	method string
	// path is below the endpoint.
	path   []string
	query  url.Values
	header http.Header
	// body is sent as JSON unless it is nil.
	body any
	// attempts is set by callers that read it, or that call as another token.
	attempts *attempts
}

// noContent is the answer of a call whose body is not used.
type noContent struct{}

// do sends a call once the organization is confirmed. The body of the returned response
// has been read.
func do[T any](ctx context.Context, c *Client, r request) (answer T, resp *http.Response, err error) {
	if err := c.checkOrganization(ctx); err != nil {
		return answer, nil, err
	}
	return doUnchecked[T](ctx, c, r)
}

// doUnchecked is do without the check of the organization.
func doUnchecked[T any](ctx context.Context, c *Client, r request) (answer T, resp *http.Response, err error) {
	if c.unavailable != nil {
		return answer, nil, c.unavailable
	}
	if err := ctx.Err(); err != nil {
		return answer, nil, err
	}
	a := r.attempts
	if a == nil {
		a = &attempts{as: c.self}
	}
	req, err := r.on(context.WithValue(ctx, attemptsKey{}, a), c.base)
	if err != nil {
		return answer, nil, err
	}
	answer, resp, err = receive[T](c.http.Do(req))
	if e, ok := errors.AsType[*Error](err); ok && e.StatusCode == http.StatusUnauthorized && c.note != "" {
		e.Message += " " + c.note
	}
	if err != nil && a.ambiguous {
		err = AmbiguousError{err}
	}
	return answer, resp, err
}

// on returns the request as HTTP, below a base URL.
func (r request) on(ctx context.Context, base *url.URL) (*retryablehttp.Request, error) {
	target := base.JoinPath(r.path...)
	target.RawQuery = r.query.Encode()
	var body any
	if r.body != nil {
		content, err := json.Marshal(r.body)
		if err != nil {
			return nil, err
		}
		body = content
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, r.method, target.String(), body)
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, r.header)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// receive reads the response to a request.
func receive[T any](resp *http.Response, err error) (answer T, _ *http.Response, _ error) {
	if err != nil {
		return answer, nil, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer, nil, err
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return answer, nil, errorFrom(resp, content)
	}
	if _, ignored := any(answer).(noContent); ignored {
		if len(content) > 0 && !json.Valid(content) {
			return answer, nil, unexpected(resp, "the answer is neither empty nor JSON")
		}
		return answer, resp, nil
	}
	if err := json.Unmarshal(content, &answer); err != nil {
		if json.Valid(content) {
			return answer, nil, foreign(resp, "the answer is not the JSON that was expected")
		}
		return answer, nil, unexpected(resp, "the answer is not the JSON that was expected: "+err.Error())
	}
	return answer, resp, nil
}

// transport returns the layers that each attempt passes, outermost first: the rate
// limiter, logging, credentials, ambiguity, limits, the network.
func transport(o Options, network http.RoundTripper) http.RoundTripper {
	limits := roundtrip.Limits{Timeout: o.RequestTimeout, Next: network}
	limiter := roundtrip.NewRateLimiter(roundtrip.Logging{
		Log: o.Log, Message: "called the Cloudfleet API", Next: credentials{o.UserAgent, ambiguity{seenThrough{limits}}},
	})
	limiter.Warn = o.Warn
	return limiter
}
