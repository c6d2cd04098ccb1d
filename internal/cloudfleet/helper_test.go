package cloudfleet_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/contract"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

const (
	someID     = "2iKo4Asy51EUx2gpJFW76t"
	someSecret = "cf_secret_0123456789abcdefghijABCDEFGHIJkl"
	userAgent  = "client-test/1.2.3"
)

var settings = cloudfleet.TokenSettings{Name: "ci", Role: cloudfleet.RoleUser}

// cloud is a mock server for one test. A call that breaks the contract is an
// error of the test.
type cloud struct {
	*mockserver.Server
	mockserver.Credentials
	options cloudfleet.Options
}

func start(t *testing.T) *cloud {
	t.Helper()
	return startWith(t, mockserver.Options{})
}

func startWith(t *testing.T, mock mockserver.Options) *cloud {
	t.Helper()
	mock.Wrap = contract.Hold(t)
	server := mockserver.New(mock)
	credentials := server.AddOrganization("Test")
	o := serve(t, server)
	o.AccessTokenID, o.AccessTokenSecret = credentials.TokenID, credentials.TokenSecret
	return &cloud{server, credentials, o}
}

// serve serves h until the test ends, and returns options to call it with.
func serve(t testing.TB, h http.Handler) cloudfleet.Options {
	t.Helper()
	listener := httptest.NewServer(h)
	t.Cleanup(listener.Close)
	return cloudfleet.Options{
		Endpoint:          listener.URL + "/v1",
		AccessTokenID:     someID,
		AccessTokenSecret: someSecret,
		UserAgent:         userAgent,
		MaxRetries:        2,
	}
}

func newClient(t testing.TB, o cloudfleet.Options) *cloudfleet.Client {
	t.Helper()
	c, err := cloudfleet.New(o)
	if err != nil {
		t.Fatal(err)
	}
	c.RetryQuickly()
	return c
}

// newToken creates a token through another client, and so over another connection: what
// net/http does after a cut depends on whether a connection is new.
func (c *cloud) newToken(t *testing.T) cloudfleet.Token {
	t.Helper()
	token, _, err := newClient(t, c.options).CreateToken(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	c.ForgetRequests()
	return token
}

// failFirst lets fault answer the next n requests. It returns the number of requests from
// now on.
func (c *cloud) failFirst(n int32, fault http.Handler) *atomic.Int32 {
	var count atomic.Int32
	c.Intercept(func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if count.Add(1) <= n {
				fault.ServeHTTP(w, r)
				return
			}
			api.ServeHTTP(w, r)
		})
	})
	return &count
}

// answer answers with a status, a body, and headers as name and value in turn.
func answer(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// cut cuts the connection before the server has acted.
func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// actAndCut cuts the connections of the first n requests after the API has acted.
func (c *cloud) actAndCut(n int32) *atomic.Int32 {
	var count atomic.Int32
	c.Intercept(func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if count.Add(1) > n {
				api.ServeHTTP(w, r)
				return
			}
			api.ServeHTTP(httptest.NewRecorder(), r)
			cut(w, r)
		})
	})
	return &count
}

// hang does not answer while the client waits.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // the server watches the connection only after the body
	<-r.Context().Done()
}

type call struct {
	name string
	do   func(context.Context, *cloudfleet.Client) error
}

// calls are all calls of the client, about the token with this ID.
func calls(id string) []call {
	return []call{
		{"create", func(ctx context.Context, c *cloudfleet.Client) error {
			_, _, err := c.CreateToken(ctx, settings)
			return err
		}},
		{"get", func(ctx context.Context, c *cloudfleet.Client) error {
			_, err := c.GetToken(ctx, id)
			return err
		}},
		{"read", func(ctx context.Context, c *cloudfleet.Client) error {
			_, err := c.GetTokenBatched(ctx, cloudfleet.KnownToken{ID: id})
			return err
		}},
		{"update", func(ctx context.Context, c *cloudfleet.Client) error {
			_, err := c.UpdateToken(ctx, id, settings)
			return err
		}},
		{"regenerate", func(ctx context.Context, c *cloudfleet.Client) error {
			_, _, err := c.RegenerateToken(ctx, cloudfleet.KnownToken{ID: id})
			return err
		}},
		{"delete", func(ctx context.Context, c *cloudfleet.Client) error {
			return c.DeleteToken(ctx, cloudfleet.KnownToken{ID: id})
		}},
		{"list", func(ctx context.Context, c *cloudfleet.Client) error {
			_, err := list(ctx, c)
			return err
		}},
		{"organization", func(ctx context.Context, c *cloudfleet.Client) error {
			_, err := c.GetOrganization(ctx)
			return err
		}},
		{"rejects secret", func(ctx context.Context, c *cloudfleet.Client) error {
			_, err := c.RejectsSecret(ctx, id, someSecret)
			return err
		}},
	}
}

// callNamed is one of calls.
func callNamed(t *testing.T, name, id string) call {
	t.Helper()
	for _, c := range calls(id) {
		if c.name == name {
			return c
		}
	}
	t.Fatalf("there is no call %q", name)
	return call{}
}

func list(ctx context.Context, c *cloudfleet.Client) ([]cloudfleet.Token, error) {
	var tokens []cloudfleet.Token
	for token, err := range c.ListTokens(ctx) {
		if err != nil {
			return tokens, err
		}
		tokens = append(tokens, token)
	}
	return tokens, nil
}

// wantError reports an error whose text lacks one of the parts.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("got no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q: %s", part, err)
		}
	}
}

func wantCount(t *testing.T, got *atomic.Int32, want int32) {
	t.Helper()
	if n := got.Load(); n != want {
		t.Errorf("got %d requests, want %d", n, want)
	}
}
