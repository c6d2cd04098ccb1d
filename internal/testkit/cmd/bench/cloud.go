package main

import (
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// cloud is a mock server on a port of this machine, with one organization.
type cloud struct {
	*mockserver.Server
	mockserver.Credentials
	http        *http.Server
	endpoint    string
	connections atomic.Int64
}

func startCloud(rateLimit int) (*cloud, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	api := mockserver.New(mockserver.Options{RateLimit: rateLimit})
	c := &cloud{Server: api, Credentials: api.AddOrganization("Benchmark"), endpoint: "http://" + listener.Addr().String() + "/v1"}
	c.http = &http.Server{Handler: api, ReadHeaderTimeout: 10 * time.Second, ConnState: func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			c.connections.Add(1)
		}
	}}
	go func() { _ = c.http.Serve(listener) }() // until close
	return c, nil
}

func (c *cloud) close() { _ = c.http.Close() } // nobody is connected any more

// delay delays every call from now on.
func (c *cloud) delay(latency time.Duration) {
	c.Intercept(func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(latency)
			api.ServeHTTP(w, r)
		})
	})
}

func (c *cloud) environment() []string {
	return []string{
		"CLOUDFLEET_ENDPOINT=" + c.endpoint,
		"CLOUDFLEET_ORGANIZATION_ID=" + c.OrganizationID,
		"CLOUDFLEET_ACCESS_TOKEN_ID=" + c.TokenID,
		"CLOUDFLEET_ACCESS_TOKEN_SECRET=" + c.TokenSecret,
	}
}

// forget forgets what was called so far.
func (c *cloud) forget() {
	c.ForgetRequests()
	c.connections.Store(0)
}

// count adds the calls since forget to m.
func (c *cloud) count(m *measurement) {
	m.Connections = int(c.connections.Load())
	m.Calls = map[string]int{}
	for _, r := range c.Requests() {
		if r.Status == http.StatusTooManyRequests {
			m.Refused++
		} else {
			m.Calls[kind(r.Method, r.Path)]++
		}
	}
}

// Kinds of calls.
const (
	callOrganization = "organization"
	callList         = "list"
	callGet          = "get"
	callCreate       = "create"
	callUpdate       = "update"
	callRegenerate   = "regenerate"
	callDelete       = "delete"
)

// kind returns the kind of a call, or method and path if the API does not have it.
func kind(method, path string) string {
	id, isToken := strings.CutPrefix(path, "/v1/tokens/")
	switch {
	case method == http.MethodGet && path == "/v1/organization":
		return callOrganization
	case method == http.MethodGet && path == "/v1/tokens":
		return callList
	case method == http.MethodGet && isToken:
		return callGet
	case method == http.MethodPost && path == "/v1/tokens":
		return callCreate
	case method == http.MethodPost && strings.HasSuffix(id, "/regenerate"):
		return callRegenerate
	case method == http.MethodPut && isToken:
		return callUpdate
	case method == http.MethodDelete && isToken:
		return callDelete
	}
	return method + " " + path
}
