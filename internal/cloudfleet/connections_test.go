package cloudfleet_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// countConnections serves a mock server that counts the connections made to it.
func countConnections(t *testing.T) (*cloud, *atomic.Int32) {
	t.Helper()
	var count atomic.Int32
	server := mockserver.New(mockserver.Options{})
	credentials := server.AddOrganization("Test")
	listener := httptest.NewUnstartedServer(server)
	listener.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			count.Add(1)
		}
	}
	listener.Start()
	t.Cleanup(listener.Close)
	return &cloud{server, credentials, cloudfleet.Options{
		Endpoint:          listener.URL + "/v1",
		AccessTokenID:     credentials.TokenID,
		AccessTokenSecret: credentials.TokenSecret,
		MaxRetries:        1,
	}}, &count
}

// Every answer is read to its end, so that the connection is free for the next request.
func TestOneConnection(t *testing.T) {
	t.Parallel()
	long := organizationOf(mebibyte)
	inPieces := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			for range 100 {
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
			}
		}
	}
	for name, fault := range map[string]http.HandlerFunc{
		"200": answer(200, "<html>"), "200, long": answer(200, long), "200 in pieces": inPieces(200), "204": answer(204, ""),
		"307": answer(307, long, "Location", "/v1/organization"), "403": answer(403, long), "404": answer(404, `{"code":"not_found"}`),
		"404 in pieces": inPieces(404), "429": answer(429, long, "Retry-After", "0"), "429 for good": answer(429, long, "Retry-After", "600"),
		"500": answer(500, long), "500 in pieces": inPieces(500), "503": answer(503, "", "Retry-After", "0"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, count := countConnections(t)
			c := newClient(t, cloud.options)
			token, _, err := c.CreateToken(t.Context(), settings)
			if err != nil {
				t.Fatal(err)
			}
			for _, call := range calls(token.ID) {
				_ = call.do(t.Context(), c)
				requests := cloud.failFirst(1, fault)
				_ = call.do(t.Context(), c)
				if requests.Load() == 0 {
					t.Errorf("%s was not sent", call.name)
				}
			}
			wantCount(t, count, 1)
		})
	}
}

// Ten concurrent calls without an idle connection open one each, even if another becomes
// free before theirs is open.
func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	cloud, count := countConnections(t)
	c := newClient(t, cloud.options)
	for range 3 {
		workers(10, make([]struct{}, 100), func(struct{}) { _, _, _ = c.CreateToken(t.Context(), settings) })
		var ids []string
		for _, token := range cloud.Tokens(cloud.OrganizationID)[1:] {
			ids = append(ids, token.ID)
		}
		read(t, c, 10, ids)
		workers(10, ids, func(id string) { _ = c.DeleteToken(t.Context(), cloudfleet.KnownToken{ID: id}) })
	}
	if n := len(cloud.Requests()); n < 600 || count.Load() > 20 {
		t.Errorf("%d connections for %d requests of ten workers", count.Load(), n)
	}
}
