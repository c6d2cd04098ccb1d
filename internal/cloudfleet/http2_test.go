package cloudfleet_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// deadConn is a connection that delivers nothing once it is dead.
type deadConn struct {
	net.Conn
	dead *atomic.Bool
}

func (c deadConn) Write(b []byte) (int, error) {
	if c.dead.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// A dead connection is closed, also over HTTP/2, where all calls share one.
func TestDeadConnectionIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := mockserver.New(mockserver.Options{})
			credentials := mock.AddOrganization("Test")
			server := httptest.NewUnstartedServer(mock)
			server.EnableHTTP2 = http2
			server.StartTLS()
			t.Cleanup(server.Close)

			const timeout = time.Second
			var mu sync.Mutex
			var conns []*atomic.Bool
			network := roundtrip.Network(timeout)
			trusting, ok := server.Client().Transport.(*http.Transport)
			if !ok {
				t.Fatal("the test server's client has another transport")
			}
			network.TLSClientConfig.RootCAs = trusting.TLSClientConfig.RootCAs
			network.DialContext = func(ctx context.Context, kind, address string) (net.Conn, error) {
				conn, err := (&net.Dialer{}).DialContext(ctx, kind, address)
				mu.Lock()
				defer mu.Unlock()
				conns = append(conns, &atomic.Bool{})
				return deadConn{conn, conns[len(conns)-1]}, err
			}
			c, err := cloudfleet.NewOver(network, cloudfleet.Options{
				Endpoint: server.URL + "/v1", AccessTokenID: credentials.TokenID, AccessTokenSecret: credentials.TokenSecret,
				RequestTimeout: timeout, MaxRetries: 2,
			})
			if err != nil {
				t.Fatal(err)
			}
			c.RetryQuickly()
			if _, err := c.GetOrganization(t.Context()); err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			for _, dead := range conns {
				dead.Store(true)
			}
			mu.Unlock()
			begin := time.Now()
			if _, err := c.GetOrganization(t.Context()); err != nil {
				t.Errorf("after %s: %s", time.Since(begin), err)
			}
		})
	}
}
