package oci_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// wiretap is a listener that records what each connection receives.
type wiretap struct {
	net.Listener
	mu       sync.Mutex
	received []*bytes.Buffer
}

type tapped struct {
	net.Conn
	tap      *wiretap
	received *bytes.Buffer
}

func (w *wiretap) Accept() (net.Conn, error) {
	conn, err := w.Listener.Accept()
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.received = append(w.received, &bytes.Buffer{})
	return tapped{conn, w, w.received[len(w.received)-1]}, nil
}

func (c tapped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.tap.mu.Lock()
	defer c.tap.mu.Unlock()
	c.received.Write(p[:n])
	return n, err
}

var (
	startOfRequest = regexp.MustCompile(`(?:HEAD|GET|POST|PUT|PATCH|DELETE) /v2/`)
	changing       = regexp.MustCompile(`127\.0\.0\.1:\d+|/uploads/\d+`)
)

// requests returns the bytes of each request, sorted, and forgets them.
func (w *wiretap) requests() (requests []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, conn := range w.received {
		sent := changing.ReplaceAllStringFunc(conn.String(), func(s string) string {
			return map[bool]string{true: "/uploads/N", false: "HOST"}[strings.HasPrefix(s, "/")]
		})
		conn.Reset()
		starts := append(startOfRequest.FindAllStringIndex(sent, -1), []int{len(sent)})
		for i, start := range starts[:len(starts)-1] {
			requests = append(requests, sent[start[0]:starts[i+1][0]])
		}
	}
	slices.Sort(requests)
	return requests
}

// The bytes of each request of a copy and of a delete, at the target: no body means no
// body, and a body has its length.
func TestBytesOnTheWire(t *testing.T) {
	t.Parallel()
	c := newCopying(t)
	server := httptest.NewUnstartedServer(registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(true)))
	tap := &wiretap{Listener: server.Listener}
	server.Listener = tap
	server.Start()
	t.Cleanup(server.Close)
	c.target.host = strings.TrimPrefix(server.URL, "http://")

	m := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest, Layers: []ocispec.Descriptor{}}
	m.SchemaVersion = 2
	m.Config = c.source.blob(ocispec.MediaTypeImageConfig, "{}")
	image := c.source.manifest("v1", m)
	content, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.copy("v1"); err != nil {
		t.Fatal(err)
	}

	const start, gzip = " HTTP/1.1\r\nHost: HOST\r\nUser-Agent: test\r\n", "Accept-Encoding: gzip\r\n"
	const accept = "Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, " +
		"application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json, */*\r\n"
	const blobs, manifests, ping = "/v2/mirror/base/blobs/", "/v2/mirror/base/manifests/", "GET /v2/" + start + gzip + "\r\n"
	config, root := m.Config.Digest.String(), image.Digest.String()
	wantRequests(t, tap.requests(), []string{
		ping,
		"HEAD " + blobs + config + start + "\r\n",
		"HEAD " + manifests + root + start + accept + "\r\n",
		"HEAD " + manifests + "v1" + start + accept + "\r\n",
		"POST " + blobs + "uploads/" + start + "Content-Length: 0\r\n" + gzip + "\r\n",
		"PUT " + blobs + "uploads/N?digest=" + url.QueryEscape(config) + start +
			"Content-Length: 2\r\nContent-Type: application/octet-stream\r\n" + gzip + "\r\n{}",
		"PUT " + manifests + "v1" + start + fmt.Sprintf("Content-Length: %d\r\nContent-Type: %s\r\n", len(content), m.MediaType) + gzip +
			"\r\n" + string(content),
	})
	if _, _, err := c.target.client().Delete(t.Context(), "mirror/base", root, []string{"v1"}); err != nil {
		t.Fatal(err)
	}
	wantRequests(t, tap.requests(), []string{
		"DELETE " + manifests + root + start + accept + gzip + "\r\n",
		"DELETE " + manifests + "v1" + start + accept + gzip + "\r\n",
		ping,
		"GET /v2/mirror/base/tags/list?n=100" + start + gzip + "\r\n",
		"HEAD " + manifests + "v1" + start + accept + "\r\n",
	})
}

func wantRequests(t *testing.T, got, want []string) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("sent\n%q, want\n%q", got, want)
	}
}
