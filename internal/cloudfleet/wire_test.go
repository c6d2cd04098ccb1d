package cloudfleet_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
)

// rawServer answers each request in the same way, without net/http, and records the bytes
// of each. It reads no chunks: what follows a request that has no length is the next one.
type rawServer struct {
	mu       sync.Mutex
	requests []string
}

func (s *rawServer) serve(t *testing.T, body string) cloudfleet.Options {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.answer(conn, body)
		}
	}()
	return cloudfleet.Options{
		Endpoint: "http://" + listener.Addr().String() + "/v1", AccessTokenID: someID, AccessTokenSecret: someSecret, UserAgent: userAgent,
	}
}

var contentLength = regexp.MustCompile(`(?i)\r\ncontent-length: (\d+)\r\n`)

func (s *rawServer) answer(conn net.Conn, body string) {
	defer conn.Close()
	for reader := bufio.NewReader(conn); ; {
		var request bytes.Buffer
		for !bytes.HasSuffix(request.Bytes(), []byte("\r\n\r\n")) {
			b, err := reader.ReadByte()
			if err != nil {
				return
			}
			request.WriteByte(b)
		}
		if m := contentLength.FindStringSubmatch(request.String()); m != nil {
			var length int64
			_, _ = fmt.Sscan(m[1], &length)
			_, _ = io.CopyN(&request, reader, length)
		}
		s.mu.Lock()
		s.requests = append(s.requests, request.String())
		s.mu.Unlock()
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
}

var wireID, wireKey = regexp.MustCompile(`127\.0\.0\.1:\d+`), regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// The bytes of each call: no body means no body, and a body has its length. A simple
// server takes the next call for the next one.
func TestBytesOnTheWire(t *testing.T) {
	t.Parallel()
	const token = `{"id":"` + someID + `","name":"ci","role":"User","secret":"cf_secret_x"}`
	headers := func(first string) string {
		return first + " HTTP/1.1\r\nHost: HOST\r\nUser-Agent: " + userAgent + "\r\n"
	}
	tail := "Accept: application/json\r\nAuthorization: Basic " +
		base64.StdEncoding.EncodeToString([]byte(someID+":"+someSecret)) + "\r\n"
	const end, key = "Accept-Encoding: gzip\r\n\r\n", "idempotency-key: KEY\r\n"
	const jsonBody = `{"name":"ci","role":"User"}`
	want := map[string]string{
		"create": headers("POST /v1/tokens") + "Content-Length: 27\r\n" + tail + "Content-Type: application/json\r\n" + key + end + jsonBody,
		"get":    headers("GET /v1/tokens/"+someID) + tail + end,
		"update": headers("PUT /v1/tokens/"+someID) + "Content-Length: 27\r\n" + tail + "Content-Type: application/json\r\n" + end + jsonBody,
		"regenerate": headers("POST /v1/tokens/"+someID+"/regenerate") + "Content-Length: 0\r\n" + tail + key +
			end,
		"delete": headers("DELETE /v1/tokens/"+someID) + tail + end,
	}
	var server rawServer
	c := newClient(t, server.serve(t, token))
	for _, call := range calls(someID) {
		if want[call.name] == "" {
			continue
		}
		server.mu.Lock()
		server.requests = nil
		server.mu.Unlock()
		if err := call.do(t.Context(), c); err != nil {
			t.Errorf("%s: %v", call.name, err)
		}
		server.mu.Lock()
		got := wireKey.ReplaceAllString(wireID.ReplaceAllString(strings.Join(server.requests, "---"), "HOST"), "KEY")
		server.mu.Unlock()
		if got != want[call.name] {
			t.Errorf("%s has sent\n%q, want\n%q", call.name, got, want[call.name])
		}
	}
}

// The same over HTTP/2.
func TestLengthsOverHTTP2(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hasBody := r.Method == http.MethodPut || r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/tokens")
		if r.ProtoMajor != 2 || r.ContentLength < 0 || (r.ContentLength > 0) != hasBody {
			t.Errorf("%s %s %s has the length %d", r.Proto, r.Method, r.URL.Path, r.ContentLength)
		}
		_, _ = io.WriteString(w, `{"id":"`+someID+`","name":"ci","role":"User","secret":"cf_secret_x"}`)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	network := roundtrip.Network(time.Minute)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	network.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	c, err := cloudfleet.NewOver(
		network,
		cloudfleet.Options{Endpoint: server.URL + "/v1", AccessTokenID: someID, AccessTokenSecret: someSecret},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range calls(someID) {
		if call.name == "create" || call.name == "get" || call.name == "update" || call.name == "regenerate" || call.name == "delete" {
			if err := call.do(t.Context(), c); err != nil {
				t.Errorf("%s: %v", call.name, err)
			}
		}
	}
}
