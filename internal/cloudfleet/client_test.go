package cloudfleet_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
)

func TestParseEndpoint(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		cloudfleet.DefaultEndpoint,
		"https://api.cloudfleet.ai",
		"https://api.cloudfleet.ai:8443/v1/",
		"HTTPS://api.cloudfleet.ai/v1",
		"http://localhost/v1",
		"http://localhost:8080/v1",
		"http://127.0.0.1:8080/v1",
		"http://127.1.2.3/v1",
		"http://[::1]:8080/v1",
	} {
		if _, err := cloudfleet.ParseEndpoint(s); err != nil {
			t.Errorf("%s: %s", s, err)
		}
	}
}

func TestParseEndpointRefuses(t *testing.T) {
	for s, reason := range map[string]string{
		"":                                   "is not a base URL",
		"api.cloudfleet.ai/v1":               "is not a base URL",
		"/v1":                                "is not a base URL",
		"https://":                           "is not a base URL",
		"https:///v1":                        "is not a base URL",
		"https:api.cloudfleet.ai/v1":         "is not a base URL",
		"https://api.cloudfleet.ai/v1?a=b":   "is not a base URL",
		"https://api.cloudfleet.ai/v1#a":     "is not a base URL",
		"https://api.cloudfleet.ai:port/v1":  "is not a URL",
		"https://api.cloudfleet.ai/%zz":      "is not a URL",
		"https://api cloudfleet.ai/v1":       "is not a URL",
		"https://me@api.cloudfleet.ai/v1":    "contains a user or a password",
		"https://me:x@api.cloudfleet.ai/v1":  "contains a user or a password",
		"http://me:x@127.0.0.1/v1":           "contains a user or a password",
		"http://api.cloudfleet.ai/v1":        "does not use HTTPS",
		"http://127.0.0.1.example.com/v1":    "does not use HTTPS",
		"http://localhost.example.com/v1":    "does not use HTTPS",
		"http://10.0.0.1/v1":                 "does not use HTTPS",
		"http://0.0.0.0/v1":                  "does not use HTTPS",
		"http://[::2]/v1":                    "does not use HTTPS",
		"ftp://api.cloudfleet.ai/v1":         "does not use HTTPS",
		"ftp://127.0.0.1/v1":                 "does not use HTTPS",
		"unix://localhost/v1":                "does not use HTTPS",
		"http://[fe80::1%25lo]:8080/v1":      "does not use HTTPS",
		"//api.cloudfleet.ai/v1":             "does not use HTTPS",
		"https://api.cloudfleet.ai/v1\nHost": "is not a URL",
	} {
		t.Run(s, func(t *testing.T) {
			_, err := cloudfleet.ParseEndpoint(s)
			wantError(t, err, "the endpoint", reason)
			if _, err := cloudfleet.New(cloudfleet.Options{Endpoint: s}); s != "" && err == nil {
				t.Error("New takes it")
			}
		})
	}
}

func TestParseEndpointNeverRepeatsAPassword(t *testing.T) {
	const password = "hunter2"
	for _, s := range []string{
		"https://me:" + password + "@api.cloudfleet.ai/v1",
		"http://me:" + password + "@api.cloudfleet.ai/v1",
		"http://me:" + password + "@127.0.0.1/v1",
		"//me:" + password + "@api.cloudfleet.ai/v1",
		"https://me:" + password + "@api.cloudfleet.ai:port/v1",
		"https://me:" + password + "%@api.cloudfleet.ai/v1",
		"https://me:" + password + "@/v1",
		"https://" + password + "@api.cloudfleet.ai/v1?a=b",
		"me:" + password + "@api.cloudfleet.ai/v1",
		"https:me:" + password + "@api.cloudfleet.ai/v1",
		"https:/me:" + password + "@api.cloudfleet.ai/v1",
		"https:///me:" + password + "@api.cloudfleet.ai/v1",
		"https://api.cloudfleet.ai/v1?access_token=" + password,
	} {
		t.Run(strings.ReplaceAll(s, password, "…"), func(t *testing.T) {
			_, err := cloudfleet.ParseEndpoint(s)
			if err == nil {
				t.Fatal("got no error")
			}
			if strings.Contains(err.Error(), password) {
				t.Errorf("the error repeats the password: %s", err)
			}
		})
	}
}

func TestNewWithoutEndpointTakesTheDefault(t *testing.T) {
	t.Parallel()
	if _, err := cloudfleet.New(cloudfleet.Options{AccessTokenID: someID, AccessTokenSecret: someSecret}); err != nil {
		t.Error(err)
	}
}

func TestNoCredentials(t *testing.T) {
	t.Parallel()
	var count int
	o := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { count++ }))
	for name, credentials := range map[string][2]string{
		"neither": {"", ""}, "no secret": {someID, ""}, "no ID": {"", someSecret},
	} {
		o.AccessTokenID, o.AccessTokenSecret = credentials[0], credentials[1]
		c := newClient(t, o)
		for _, call := range calls(someID) {
			err := call.do(t.Context(), c)
			if !errors.Is(err, cloudfleet.ErrNoCredentials) {
				t.Errorf("%s, %s: got %v", name, call.name, err)
			}
			if cloudfleet.MayHaveActed(err) || cloudfleet.IsNotFound(err) || cloudfleet.StatusCode(err) != 0 {
				t.Errorf("%s, %s: the error is taken for an answer", name, call.name)
			}
		}
	}
	if count > 0 {
		t.Errorf("%d requests were made", count)
	}
}

func TestUnavailable(t *testing.T) {
	t.Parallel()
	reason := errors.New("not yet")
	for _, call := range calls(someID) {
		if err := call.do(t.Context(), cloudfleet.Unavailable(reason)); !errors.Is(err, reason) {
			t.Errorf("%s: got %v", call.name, err)
		}
	}
}

func TestEveryRequestSaysWhoIsCalling(t *testing.T) {
	t.Parallel()
	for _, call := range calls(someID) {
		t.Run(call.name, func(t *testing.T) {
			t.Parallel()
			var seen http.Header
			var authorized bool
			c := newClient(t, serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				id, secret, ok := r.BasicAuth()
				authorized = ok && id == someID && secret == someSecret
				seen = r.Header
			})))
			_ = call.do(t.Context(), c) // the empty answer is none
			if !authorized {
				t.Errorf("Authorization is %q", seen.Get("Authorization"))
			}
			if got := seen.Get("User-Agent"); got != userAgent {
				t.Errorf("User-Agent is %q", got)
			}
			if got := seen.Get("Accept"); got != "application/json" {
				t.Errorf("Accept is %q", got)
			}
			hasBody := call.name == "create" || call.name == "update"
			if got := seen.Get("Content-Type"); hasBody != (got == "application/json") {
				t.Errorf("Content-Type is %q", got)
			}
			if got := seen.Get("Idempotency-Key"); (call.name == "create" || call.name == "regenerate") != (got != "") {
				t.Errorf("Idempotency-Key is %q", got)
			}
		})
	}
}

func TestEndpointMayEndWithASlash(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	cloud.options.Endpoint += "/"
	if _, err := newClient(t, cloud.options).GetOrganization(t.Context()); err != nil {
		t.Error(err)
	}
}

// Terraform works on ten resources at a time with one client.
func TestClientIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	c := newClient(t, cloud.options)
	const workers = 10
	failed := make(chan error, workers)
	for range workers {
		go func() { failed <- lifetime(t.Context(), c) }()
	}
	for range workers {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	if n := len(cloud.Tokens(cloud.OrganizationID)); n != 1 {
		t.Errorf("%d tokens are left, want the first one only", n)
	}
}

func lifetime(ctx context.Context, c *cloudfleet.Client) error {
	token, _, err := c.CreateToken(ctx, settings)
	if err != nil {
		return err
	}
	for _, name := range []string{"get", "update", "regenerate", "list", "delete"} {
		for _, call := range calls(token.ID) {
			if call.name != name {
				continue
			}
			if err := call.do(ctx, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// A server with an untrusted certificate or outdated encryption must not receive the
// credentials.
func TestUntrustedServerIsNotTalkedTo(t *testing.T) {
	t.Parallel()
	for message, newest := range map[string]uint16{"certificate": 0, "protocol version": tls.VersionTLS11} {
		var asked bool
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
		server.Config.ErrorLog = discard
		server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: newest}
		server.StartTLS()
		t.Cleanup(server.Close)
		c := newClient(t, cloudfleet.Options{Endpoint: server.URL, AccessTokenID: someID, AccessTokenSecret: someSecret})
		_, err := c.GetOrganization(t.Context())
		wantError(t, err, message)
		if asked {
			t.Error("the request was sent")
		}
	}
}

// What would end the same is not tried again.
func TestWrongServerIsAskedOnce(t *testing.T) {
	t.Parallel()
	var opened atomic.Int32
	for message, start := range map[string]func(*httptest.Server){
		"certificate": (*httptest.Server).StartTLS, "HTTP response to HTTPS": (*httptest.Server).Start,
	} {
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.Config.ErrorLog = discard
		server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				opened.Add(1)
			}
		}
		start(server)
		t.Cleanup(server.Close)
		endpoint := strings.Replace(server.URL, "http://", "https://", 1)
		c := newClient(t, cloudfleet.Options{Endpoint: endpoint, AccessTokenID: someID, AccessTokenSecret: someSecret, MaxRetries: 1})
		_, err := c.GetOrganization(t.Context())
		wantError(t, err, message)
		if n := opened.Swap(0); n != 1 {
			t.Errorf("%s: %d connections", message, n)
		}
	}
}

// Go uses no proxy for this machine, so that no call to it can show which proxy is used.
func TestProxyIsTheEnvironments(t *testing.T) {
	t.Parallel()
	network := roundtrip.Network(cloudfleet.DefaultRequestTimeout)
	if reflect.ValueOf(network.Proxy).Pointer() != reflect.ValueOf(http.ProxyFromEnvironment).Pointer() {
		t.Error("HTTPS_PROXY and NO_PROXY are not asked")
	}
}
