package oci_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
)

// place is a registry without logins, whose requests a test can intercept.
type place struct {
	t    *testing.T
	host string
	mu   sync.Mutex
	// requests are METHOD PATH.
	requests  []string
	intercept func(next http.Handler, w http.ResponseWriter, r *http.Request)
	api       http.Handler
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{t: t, api: registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(true))}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.requests = append(p.requests, r.Method+" "+r.URL.Path)
		checkWire(t, r)
		intercept := p.intercept
		p.mu.Unlock()
		if intercept != nil {
			intercept(p.api, w, r)
			return
		}
		p.api.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.host = strings.TrimPrefix(server.URL, "http://")
	return p
}

// checkWire checks the rules for each request: a body has its length and its type, an empty
// POST or PUT says so, nothing is sent in chunks, and no address of another request is told.
func checkWire(t *testing.T, r *http.Request) {
	t.Helper()
	isWrite := r.Method == http.MethodPost || r.Method == http.MethodPut
	switch {
	case len(r.TransferEncoding) > 0 || r.ContentLength < 0,
		isWrite != (r.Header.Get("Content-Length") != ""),
		(r.ContentLength > 0) != (r.Header.Get("Content-Type") != ""),
		r.Header.Get("Referer") != "":
		t.Errorf("%s %s has a body of %d bytes, %q, and the headers %v", r.Method, r.URL, r.ContentLength, r.TransferEncoding, r.Header)
	}
}

// set changes how requests are answered. Nil: by the registry.
func (p *place) set(f fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.intercept = f
}

// count returns how many requests began with one of these texts and contained the other.
func (p *place) count(method, part string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.requests {
		if strings.HasPrefix(r, method+" ") && strings.Contains(r, part) {
			n++
		}
	}
	return n
}

func (p *place) client() *oci.Client { return p.patientClient(0, 10*time.Second) }

func (p *place) patientClient(retries int, timeout time.Duration) *oci.Client {
	return client(p.t, oci.Options{Host: p.host, Domain: "127.0.0.1", RequestTimeout: timeout, MaxRetries: retries, UserAgent: "test"})
}

// dockerClient logs in with this Docker configuration of the machine.
func (p *place) dockerClient(config string) *oci.Client {
	p.t.Helper()
	dir := p.t.TempDir()
	p.t.Setenv("DOCKER_CONFIG", dir)
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return client(p.t, oci.Options{Host: p.host, Domain: "127.0.0.1", DockerConfig: true, RequestTimeout: time.Second, MaxRetries: 3})
}

// unauthorized asks for a login.
func unauthorized(challenge string) fault {
	return func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", challenge)
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// put writes a part of an image directly.
func (p *place) put(path, contentType string, content []byte) {
	p.t.Helper()
	method := http.MethodPut
	if strings.Contains(path, "/blobs/uploads/") {
		method = http.MethodPost
	}
	req := httptest.NewRequest(method, path, bytes.NewReader(content))
	req.Header.Set("Content-Type", contentType)
	resp := httptest.NewRecorder()
	p.api.ServeHTTP(resp, req)
	if resp.Code > 299 {
		p.t.Fatalf("%s: %d %s", path, resp.Code, resp.Body)
	}
}

func (p *place) blob(mediaType, content string) ocispec.Descriptor {
	d := digest.FromString(content)
	p.put("/v2/base/blobs/uploads/?digest="+d.String(), "application/octet-stream", []byte(content))
	return ocispec.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(content))}
}

func (p *place) manifest(tag string, m any) ocispec.Descriptor {
	content, err := json.Marshal(m)
	if err != nil {
		p.t.Fatal(err)
	}
	mediaType := ocispec.MediaTypeImageManifest
	if _, isIndex := m.(ocispec.Index); isIndex {
		mediaType = ocispec.MediaTypeImageIndex
	}
	d := digest.FromBytes(content)
	for _, reference := range []string{d.String(), tag} {
		if reference != "" {
			p.put("/v2/base/manifests/"+reference, mediaType, content)
		}
	}
	return ocispec.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(content))}
}

// image pushes an image for one platform, whose layers have these contents.
func (p *place) image(tag, platform string, subject *ocispec.Descriptor, layers ...string) ocispec.Descriptor {
	os, rest, _ := strings.Cut(platform, "/")
	arch, variant, _ := strings.Cut(rest, "/")
	m := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest, Subject: subject}
	m.SchemaVersion = 2
	m.Config = p.blob(ocispec.MediaTypeImageConfig, fmt.Sprintf(`{"os":%q,"architecture":%q,"variant":%q}`, os, arch, variant))
	for _, layer := range layers {
		m.Layers = append(m.Layers, p.blob(ocispec.MediaTypeImageLayer, layer))
	}
	d := p.manifest(tag, m)
	if subject == nil {
		d.Platform = &ocispec.Platform{OS: os, Architecture: arch, Variant: variant}
	}
	return d
}

func (p *place) index(tag string, entries ...ocispec.Descriptor) ocispec.Descriptor {
	i := ocispec.Index{MediaType: ocispec.MediaTypeImageIndex, Manifests: entries}
	i.SchemaVersion = 2
	return p.manifest(tag, i)
}

// copying has two registries, and an image base:v1 of two platforms in the first.
type copying struct {
	t              *testing.T
	source, target *place
	amd, arm, root ocispec.Descriptor
	retries        int
	timeout        time.Duration
	platforms      []string
}

func newCopying(t *testing.T) *copying {
	t.Helper()
	c := &copying{t: t, source: newPlace(t), target: newPlace(t), retries: 3, timeout: 10 * time.Second}
	c.amd = c.source.image("", "linux/amd64", nil, "a layer", "amd's layer")
	c.arm = c.source.image("", "linux/arm64", nil, "a layer", "arm's layer")
	c.root = c.source.index("v1", c.amd, c.arm)
	return c
}

func (c *copying) copy(tags ...string) (oci.Copied, error) {
	return c.copyTo(c.t.Context(), "mirror/base", tags...)
}

func (c *copying) copyTo(ctx context.Context, repository string, tags ...string) (oci.Copied, error) {
	from := oci.Source{Client: c.source.patientClient(c.retries, c.timeout), Repository: "base", Reference: "v1", Platforms: c.platforms}
	return c.target.patientClient(c.retries, c.timeout).Copy(ctx, from, repository, tags, func(int, int64) {})
}

// mustHave checks that the target has the whole image under this tag.
func (c *copying) mustHave(tag string) {
	c.t.Helper()
	image, err := c.target.client().Image(c.t.Context(), "mirror/base", tag)
	if err != nil || image.Digest != c.root.Digest.String() || !slices.Equal(image.Platforms, []string{"linux/amd64", "linux/arm64"}) {
		c.t.Errorf("the target has %+v, %v", image, err)
	}
}

func status(code int, body string) func(http.Handler, http.ResponseWriter, *http.Request) {
	return func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// once answers the first matching request in this way, and always the matching ones if
// times is 0.
func once(
	times int32,
	method, part string,
	does func(http.Handler, http.ResponseWriter, *http.Request),
) func(http.Handler, http.ResponseWriter, *http.Request) {
	var n atomic.Int32
	return func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		matches := (method == "" || r.Method == method) && strings.Contains(r.URL.RequestURI(), part)
		if matches && (times == 0 || n.Add(1) <= times) {
			does(next, w, r)
			return
		}
		next.ServeHTTP(w, r)
	}
}

func cut(http.Handler, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

type fault = func(http.Handler, http.ResponseWriter, *http.Request)

// goesOn is what registries do to a copier.
func goesOn() map[string]struct{ source, target fault } {
	return map[string]struct{ source, target fault }{
		"mount refused with 400":         {nil, once(0, "POST", "mount=", status(400, ""))},
		"mount refused with 405":         {nil, once(0, "POST", "mount=", status(405, ""))},
		"HEAD of a blob answers 405":     {nil, once(0, "HEAD", "/blobs/", status(405, ""))},
		"HEAD of a manifest answers 404": {once(0, "HEAD", "/manifests/", status(404, "")), nil},
		"upload session is lost": {
			nil,
			once(1, "PUT", "/blobs/uploads/", status(404, `{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}`)),
		},
		"400 although the blob is there":   {nil, once(1, "PUT", "/blobs/uploads/", after(status(400, "")))},
		"500 although the blob is there":   {nil, once(1, "PUT", "/blobs/uploads/", after(status(500, "")))},
		"cut in an upload":                 {nil, once(1, "PUT", "/blobs/uploads/", cut)},
		"503 at the start of an upload":    {nil, once(2, "POST", "/blobs/uploads/", status(503, ""))},
		"429 at the start of an upload":    {nil, once(1, "POST", "/blobs/uploads/", status(429, ""))},
		"cut in a manifest":                {nil, once(1, "PUT", "/manifests/", cut)},
		"a manifest is visible only later": {nil, once(2, "PUT", "/manifests/v1", status(404, `{"errors":[{"code":"MANIFEST_UNKNOWN"}]}`))},
		"a blob is visible only later": {
			nil,
			once(2, "PUT", "/manifests/", status(400, `{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}`)),
		},
		"a manifest is not found at first": {nil, once(2, "PUT", "/manifests/v1", status(404, ""))},
		"a manifest is unknown at first": {
			nil,
			once(2, "PUT", "/manifests/v1", status(400, `{"errors":[{"code":"MANIFEST_UNKNOWN"}]}`)),
		},
		"a blob is unknown at first":           {nil, once(2, "PUT", "/manifests/", status(400, `{"errors":[{"code":"BLOB_UNKNOWN"}]}`))},
		"HEAD of a manifest is refused":        {nil, once(0, "HEAD", "/manifests/", status(403, ""))},
		"the source cuts a blob":               {once(2, "GET", "/blobs/", half), nil},
		"the source answers 503":               {once(2, "GET", "/blobs/", status(503, "")), nil},
		"the source cuts the connection":       {once(1, "GET", "/manifests/", cut), nil},
		"a slow commit":                        {nil, once(1, "PUT", "/blobs/uploads/", slow)},
		"no length in the answer to a HEAD":    {nil, once(0, "HEAD", "/manifests/", headless)},
		"the referrers API answers 405":        {once(0, "GET", "/referrers/", status(405, "")), nil},
		"the referrers API answers 404":        {once(0, "GET", "/referrers/", status(404, "")), once(0, "GET", "/referrers/", status(404, ""))},
		"the source redirects to a storage":    {once(0, "GET", "/blobs/", redirect), nil},
		"an upload goes to a relative address": {nil, once(0, "POST", "/blobs/uploads/", relative)},
		"manifests are plain text":             {once(0, "GET", "/manifests/", header("Content-Type", "text/plain; charset=utf-8")), nil},
		"manifests are JSON":                   {once(0, "GET", "/manifests/", header("Content-Type", "application/json")), nil},
		"manifests have no type":               {once(0, "GET", "/manifests/", header("Content-Type")), nil},
		"a storage calls layers compressed":    {once(0, "GET", "/blobs/", header("Content-Encoding", "gzip")), nil},
		"an empty answer to a start is HTML":   {nil, once(0, "POST", "/blobs/uploads/", header("Content-Type", "text/html"))},
		"an empty answer to a blob is HTML":    {nil, once(0, "PUT", "/blobs/uploads/", header("Content-Type", "text/html"))},
		"upload session is invalid": {
			nil,
			once(1, "PUT", "/blobs/uploads/", status(400, `{"errors":[{"code":"BLOB_UPLOAD_INVALID"}]}`)),
		},
	}
}

// The copy is complete all the same.
func TestCopyGoesOn(t *testing.T) {
	t.Parallel()
	for name, test := range goesOn() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCopying(t)
			if name == "a slow commit" {
				c.timeout = shortTimeout
			}
			c.source.set(test.source)
			c.target.set(test.target)
			copied, err := c.copy("v1", "latest")
			if err != nil || len(copied.Warnings) > 0 || copied.Digest != c.root.Digest.String() {
				t.Fatalf("got %+v, %v", copied, err)
			}
			c.target.set(nil)
			c.mustHave("v1")
			c.mustHave("latest")
		})
	}
}

func after(then fault) fault {
	return func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(httptest.NewRecorder(), r)
		then(next, w, r)
	}
}

// header replaces a header of the answer.
func header(name string, values ...string) fault {
	return func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		whole := httptest.NewRecorder()
		next.ServeHTTP(whole, r)
		maps.Copy(w.Header(), whole.Header())
		w.Header()[name] = values
		w.WriteHeader(whole.Code)
		_, _ = w.Write(whole.Body.Bytes())
	}
}

func half(next http.Handler, w http.ResponseWriter, r *http.Request) {
	whole := httptest.NewRecorder()
	next.ServeHTTP(whole, r)
	w.Header().Set("Content-Length", strconv.Itoa(whole.Body.Len()))
	_, _ = w.Write(whole.Body.Bytes()[:whole.Body.Len()/2])
}

// shortTimeout is a request timeout for the tests of what exceeds it.
const shortTimeout = 400 * time.Millisecond

// slow takes longer than the request timeout after the last byte.
func slow(next http.Handler, w http.ResponseWriter, r *http.Request) {
	content, _ := io.ReadAll(r.Body)
	time.Sleep(shortTimeout * 5 / 4)
	r.Body = io.NopCloser(bytes.NewReader(content))
	next.ServeHTTP(w, r)
}

func headless(next http.Handler, w http.ResponseWriter, r *http.Request) {
	whole := httptest.NewRecorder()
	next.ServeHTTP(whole, r)
	w.WriteHeader(whole.Code)
}

func redirect(next http.Handler, w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("signed") != "" {
		next.ServeHTTP(w, r)
		return
	}
	http.Redirect(w, r, "http://localhost:"+r.Host[strings.LastIndex(r.Host, ":")+1:]+r.URL.Path+"?signed=x", http.StatusTemporaryRedirect)
}

func relative(next http.Handler, w http.ResponseWriter, r *http.Request) {
	whole := httptest.NewRecorder()
	next.ServeHTTP(whole, r)
	w.Header().Set("Location", strings.TrimPrefix(whole.Header().Get("Location"), "http://"+r.Host))
	w.WriteHeader(whole.Code)
}

// A copy that cannot be made is the fault of one of the two registries, in its own words.
func TestCopyFails(t *testing.T) {
	t.Parallel()
	never := func(_ http.Handler, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	quota := status(
		403,
		`{"errors":[{"code":"DENIED","message":"adding 30 MiB of storage resource, which will exceed the configured upper limit, quota"}]}`,
	)
	for name, test := range map[string]struct {
		source, target fault
		says           string
	}{
		"target is full":            {nil, once(0, "POST", "/blobs/uploads/", quota), "exceed the configured upper limit"},
		"target refuses a manifest": {nil, once(0, "PUT", "/manifests/", status(422, "")), "422"},
		"target answers HTML":       {nil, once(0, "PUT", "/blobs/", status(413, "<html>")), "413"},
		"target does not say where": {nil, once(0, "POST", "/blobs/uploads/", status(202, "")), "no Location"},
		"source changes a blob": {once(0, "GET", "/blobs/", func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("another", 1000))
		}), nil, "does not have this digest"},
		"source changes a byte": {once(0, "GET", "/blobs/", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
			whole := httptest.NewRecorder()
			next.ServeHTTP(whole, r)
			_, _ = w.Write(append([]byte{whole.Body.Bytes()[0] + 1}, whole.Body.Bytes()[1:]...))
		}), nil, "does not have this digest"},
		"target fails when it is asked":    {nil, once(0, "HEAD", "/manifests/sha256:", status(500, "")), "500"},
		"target rejects the login":         {nil, once(0, "HEAD", "/manifests/sha256:", status(401, "")), "401"},
		"source cuts each time":            {once(0, "GET", "/blobs/", half), nil, "unexpected EOF"},
		"source stalls":                    {once(0, "GET", "/blobs/", never), nil, "request timeout"},
		"source has no such blob":          {once(0, "GET", "/blobs/", status(404, "")), nil, "404"},
		"source has not what it lists":     {once(0, "GET", "/manifests/sha256:", status(404, "")), nil, "which the registry does not have"},
		"source has a wrong manifest":      {once(0, "GET", "/manifests/sha256:", status(200, "{}")), nil, "does not have the digest"},
		"source asks for a login":          {once(0, "", "/manifests/", status(401, `{"errors":[{"code":"UNAUTHORIZED","message":"who are you?"}]}`)), nil, "who are you?"},
		"source redirects again and again": {once(0, "GET", "/blobs/", loop), nil, "redirects"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCopying(t)
			c.retries = 1
			if name == "source stalls" {
				c.timeout = shortTimeout
			}
			c.source.set(test.source)
			c.target.set(test.target)
			copied, err := c.copy("v1")
			_, isSource := errors.AsType[oci.SourceError](err)
			if err == nil || !strings.Contains(err.Error(), test.says) || isSource != (test.source != nil) || len(copied.Tags) > 0 {
				t.Errorf("got %+v, %v", copied, err)
			}
			c.source.set(nil)
			c.target.set(nil)
			if _, err := c.copy("v1"); err != nil {
				t.Errorf("the next copy: %v", err)
			}
			c.mustHave("v1")
		})
	}
}

func loop(_ http.Handler, w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
}

// What would end the same is asked for once.
func TestCopyIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		method, part string
		atSource     bool
		answer       fault
	}{
		"no such blob":        {"GET", "/blobs/", true, status(404, "")},
		"another blob":        {"GET", "/blobs/", true, status(200, strings.Repeat("another", 1000))},
		"blob is refused":     {"PUT", "/blobs/uploads/", false, status(403, "")},
		"manifest is refused": {"PUT", "/manifests/", false, status(400, `{"errors":[{"code":"MANIFEST_INVALID"}]}`)},
	} {
		c := newCopying(t)
		c.root = c.source.image("v1", "linux/amd64", nil) // one blob
		at := c.target
		if test.atSource {
			at = c.source
		}
		at.set(once(0, test.method, test.part, test.answer))
		if _, err := c.copy("v1"); err == nil || at.count(test.method, test.part) != 1 {
			t.Errorf("%s: %v after %d requests", name, err, at.count(test.method, test.part))
		}
	}
}

// Progress is told for each part.
func TestProgress(t *testing.T) {
	t.Parallel()
	c := newCopying(t)
	var parts []int
	var bytes []int64
	from := oci.Source{Client: c.source.client(), Repository: "base", Reference: "v1"}
	copied, err := c.target.client().Copy(t.Context(), from, "mirror/base", []string{"v1"}, func(n int, size int64) {
		parts, bytes = append(parts, n), append(bytes, size)
	})
	shared := int64(len("a layer")) // of both platforms
	if err != nil || !slices.Equal(parts, []int{1, 2, 3, 4, 5, 6, 7, 8, 9}) || !slices.IsSorted(bytes) || bytes[8] != copied.Size+shared {
		t.Errorf("%v of %d: %v, %v, %v", bytes, copied.Size, parts, copied, err)
	}
}

// One budget for a task: a request is sent once, and as often again as is allowed.
func TestCopyHasOneBudget(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ method, part string }{
		{"POST", "/blobs/uploads/"}, {"PUT", "/manifests/"}, {"PUT", "/blobs/uploads/"},
	} {
		c := newCopying(t)
		c.root = c.source.image("v1", "linux/amd64", nil) // one blob
		c.target.set(once(0, test.method, test.part, status(500, "")))
		_, err := c.copy("v1")
		if n := c.target.count(test.method, test.part); err == nil || n != c.retries+1 {
			t.Errorf("%s %s: sent %d times, %v", test.method, test.part, n, err)
		}
	}
}

// What refers to an image, or to a part of it, goes along.
func TestCopyTakesReferrersAlong(t *testing.T) {
	t.Parallel()
	for name, hasAPI := range map[string]bool{"with the API": true, "with tags": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCopying(t)
			ofIndex := c.source.image("", "unknown/unknown", &c.root, "signature of the index")
			ofPart := c.source.image("", "unknown/unknown", &c.arm, "signature of a part")
			ofSignature := c.source.image("", "unknown/unknown", &ofPart, "signature of a signature")
			if !hasAPI {
				c.target.set(once(0, "GET", "/referrers/", status(404, "")))
			}
			copied, err := c.copy("v1")
			if err != nil || len(copied.Warnings) > 0 {
				t.Fatalf("got %+v, %v", copied, err)
			}
			for _, d := range []ocispec.Descriptor{ofIndex, ofPart, ofSignature} {
				if _, err := c.target.client().Resolve(t.Context(), "mirror/base", d.Digest.String()); err != nil {
					t.Errorf("%s was not copied: %v", d.Digest, err)
				}
			}
			if asked := c.target.count("GET", "/referrers/"); hasAPI && asked != 1 {
				t.Errorf("the target was asked %d times for its API", asked)
			}
			tag := strings.Replace(c.arm.Digest.String(), ":", "-", 1)
			if _, err := c.target.client().Resolve(t.Context(), "mirror/base", tag); (err == nil) == hasAPI {
				t.Errorf("the tag that stands in for the API: %v", err)
			}
		})
	}
}

// What refers to one part is copied although what refers to another cannot be listed.
func TestReferrersOfOtherParts(t *testing.T) {
	t.Parallel()
	c := newCopying(t)
	c.retries = 0
	signature := c.source.image("", "unknown/unknown", &c.root, "signature")
	c.source.set(once(1, "GET", "/referrers/", status(500, ""))) // of the first platform
	copied, err := c.copy("v1")
	if err != nil || len(copied.Warnings) != 1 {
		t.Errorf("got %+v, %v", copied, err)
	}
	if _, err := c.target.client().Resolve(t.Context(), "mirror/base", signature.Digest.String()); err != nil {
		t.Errorf("the signature of the index: %v", err)
	}
}

// A redirect of a HEAD is followed.
func TestHeadIsRedirected(t *testing.T) {
	t.Parallel()
	c := newCopying(t)
	c.source.set(once(0, "HEAD", "/manifests/", redirect))
	found, err := c.source.client().Resolve(t.Context(), "base", "v1")
	if err != nil || found != c.root.Digest.String() || c.source.count("GET", "/manifests/") > 0 {
		t.Errorf("got %s, %v", found, err)
	}
}

// An image whose signatures cannot be read or written is copied, and a warning says so.
// What a source lists has bounds.
func TestReferrersThatCannotBeCopied(t *testing.T) {
	t.Parallel()
	list := func(count int, link func(r *http.Request) string) fault {
		n := 0
		return func(_ http.Handler, w http.ResponseWriter, r *http.Request) {
			var index ocispec.Index
			for range count {
				n++
				index.Manifests = append(
					index.Manifests,
					ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromString(strconv.Itoa(n)), Size: 5},
				)
			}
			if link != nil {
				w.Header().Set("Link", "<"+link(r)+`>; rel="next"`)
			}
			_ = json.NewEncoder(w).Encode(index)
		}
	}
	for name, test := range map[string]struct{ source, target fault }{
		"API answers 401":        {once(0, "GET", "/referrers/", status(401, "")), nil},
		"API answers 500":        {once(0, "GET", "/referrers/", status(500, "")), nil},
		"API answers HTML":       {once(0, "GET", "/referrers/", status(200, "<html>")), nil},
		"a signature is gone":    {once(0, "GET", "/referrers/", list(1, nil)), nil},
		"20,000 signatures":      {once(0, "GET", "/referrers/", list(20_000, nil)), nil},
		"pages without end":      {once(0, "GET", "/referrers/", list(1, func(r *http.Request) string { return r.URL.Path + "?page=x" })), nil},
		"a page on another host": {once(0, "GET", "/referrers/", list(1, func(*http.Request) string { return "https://example.com/" })), nil},
		"target refuses it":      {nil, once(0, "PUT", "/manifests/sha256:", nil)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCopying(t)
			c.retries = 0
			signature := c.source.image("", "unknown/unknown", &c.root, "signature")
			c.source.set(test.source)
			if test.target != nil {
				c.target.set(once(0, "PUT", "/manifests/"+signature.Digest.String(), status(400, "")))
			}
			copied, err := c.copy("v1")
			if err != nil || len(copied.Warnings) == 0 {
				t.Fatalf("got %+v, %v", copied, err)
			}
			c.mustHave("v1")
		})
	}
}

// Signatures of signatures without end.
func TestReferrersWithoutEnd(t *testing.T) {
	t.Parallel()
	c := newCopying(t)
	subject := c.root
	for i := range 10 {
		subject = c.source.image("", "unknown/unknown", &subject, fmt.Sprint("signature ", i))
	}
	copied, err := c.copy("v1")
	if err != nil || len(copied.Warnings) == 0 {
		t.Errorf("got %+v, %v", copied, err)
	}
}

// Documents have bounds, whatever they declare.
func TestCopyIsBounded(t *testing.T) {
	t.Parallel()
	zeros := func(_ http.Handler, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	}
	t.Run("a manifest without end", func(t *testing.T) {
		t.Parallel()
		c := newCopying(t)
		c.source.set(once(0, "GET", "/manifests/", zeros))
		for _, c.platforms = range [][]string{nil, {"linux/amd64"}} {
			if _, err := c.copy("v1"); !errors.Is(err, oci.ErrTooLarge) {
				t.Errorf("with platforms %v: %v", c.platforms, err)
			}
		}
	})
	t.Run("a configuration without end", func(t *testing.T) {
		t.Parallel()
		c := newCopying(t)
		m := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest}
		m.SchemaVersion = 2
		m.Config = c.source.blob(ocispec.MediaTypeImageConfig, "{}")
		m.Config.Size = 1 << 60
		c.source.manifest("v1", m)
		c.source.set(once(0, "GET", "/blobs/", zeros))
		for _, c.platforms = range [][]string{nil, {"linux/amd64"}} {
			if _, err := c.copy("v1"); err == nil {
				t.Errorf("with platforms %v: copied", c.platforms)
			}
		}
	})
	t.Run("indexes without end", func(t *testing.T) {
		t.Parallel()
		c := newCopying(t)
		last := c.amd
		for range 20 {
			last = c.source.index("v1", last)
		}
		if _, err := c.copy("v1"); err == nil {
			t.Error("copied")
		}
	})
}

// Tags that are right already are not set again: they may be immutable.
func TestImmutableTags(t *testing.T) {
	t.Parallel()
	c := newCopying(t)
	if _, err := c.copy("v1"); err != nil {
		t.Fatal(err)
	}
	isImmutable := once(0, "PUT", "/manifests/v1", status(409, `{"errors":[{"code":"DENIED","message":"immutable"}]}`))
	c.target.set(once(0, "HEAD", "/manifests/v1", headless))
	if copied, err := c.copy("v1"); err != nil || c.target.count("PUT", "/manifests/v1") != 1 {
		t.Errorf("without a digest in the answer: got %+v, %v", copied, err)
	}
	c.target.set(isImmutable)
	if copied, err := c.copy("v1", "v2"); err != nil || !slices.Equal(copied.Tags, []string{"v1", "v2"}) {
		t.Errorf("got %+v, %v", copied, err)
	}
	if set, err := c.target.client().Tag(
		t.Context(),
		"mirror/base",
		c.root.Digest.String(),
		[]string{"v1", "v3"},
	); err != nil ||
		len(set) != 2 {
		t.Errorf("set %v, %v", set, err)
	}
}

func TestPlatforms(t *testing.T) {
	t.Parallel()
	t.Run("one manifest for two platforms", func(t *testing.T) {
		t.Parallel()
		c := newCopying(t)
		six, seven := c.arm, c.arm
		six.Platform = &ocispec.Platform{OS: "linux", Architecture: "arm", Variant: "v6"}
		seven.Platform = &ocispec.Platform{OS: "linux", Architecture: "arm", Variant: "v7"}
		c.source.index("v1", six, seven)
		c.platforms = []string{"linux/arm/v6"}
		if copied, err := c.copy("v1"); err != nil || copied.Digest == copied.SourceDigest {
			t.Errorf("got %+v, %v", copied, err)
		}
	})
	t.Run("a nested index", func(t *testing.T) {
		t.Parallel()
		c := newCopying(t)
		inner := c.source.index("", c.amd)
		c.source.index("v1", inner, c.arm)
		c.platforms = []string{"linux/amd64"}
		if _, err := c.copy("v1"); err != nil {
			t.Error(err)
		}
		image, err := c.target.client().Image(t.Context(), "mirror/base", "v1")
		if err != nil || !slices.Equal(image.Platforms, []string{"linux/amd64"}) {
			t.Errorf("got %+v, %v", image, err)
		}
		c.platforms = []string{"linux/s390x"}
		if _, err := c.copy("v1"); err == nil || !strings.Contains(err.Error(), "linux/amd64, linux/arm64") {
			t.Error(err)
		}
	})
	t.Run("attestations", func(t *testing.T) {
		t.Parallel()
		c := newCopying(t)
		attests := func(d ocispec.Descriptor) ocispec.Descriptor {
			a := c.source.image("", "unknown/unknown", nil, "attestation of "+d.Digest.String())
			a.Annotations = map[string]string{"vnd.docker.reference.digest": d.Digest.String()}
			return a
		}
		ofAMD, ofARM := attests(c.amd), attests(c.arm)
		c.source.index("v1", c.amd, ofAMD, c.arm, ofARM)
		c.platforms = []string{"linux/arm64"}
		if _, err := c.copy("v1"); err != nil {
			t.Fatal(err)
		}
		for d, want := range map[digest.Digest]bool{c.arm.Digest: true, ofARM.Digest: true, c.amd.Digest: false, ofAMD.Digest: false} {
			if _, err := c.target.client().Resolve(t.Context(), "mirror/base", d.String()); (err == nil) != want {
				t.Errorf("%s: %v", d, err)
			}
		}
	})
}

// Layers that are stored elsewhere are neither copied nor counted.
func TestForeignLayers(t *testing.T) {
	t.Parallel()
	c := newCopying(t)
	m := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest}
	m.SchemaVersion = 2
	m.Config = c.source.blob(ocispec.MediaTypeImageConfig, "{}")
	m.Layers = []ocispec.Descriptor{{
		MediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", Digest: digest.FromString("elsewhere"), Size: 1_700_000_000,
		URLs: []string{"https://example.com/layer"},
	}, {
		MediaType: ocispec.MediaTypeImageLayerNonDistributable, //nolint:staticcheck // it exists
		Digest:    digest.FromString("elsewhere, too"), Size: 5, URLs: []string{"https://example.com/another"},
	}}
	c.root = c.source.manifest("v1", m)
	copied, err := c.copy("v1")
	if err != nil || copied.Size != c.root.Size+m.Config.Size || c.source.count("GET", "/blobs/") != 1 {
		t.Errorf("got %+v, %v", copied, err)
	}
}

// A layer that may be fetched elsewhere, too, and one without an address are in the
// registry.
func TestLayersWithAddresses(t *testing.T) {
	t.Parallel()
	c := newCopying(t)
	m := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest}
	m.SchemaVersion = 2
	m.Config = c.source.blob(ocispec.MediaTypeImageConfig, "{}")
	mirrored := c.source.blob(ocispec.MediaTypeImageLayerGzip, "mirrored")
	mirrored.URLs = []string{"https://example.com/layer"}
	m.Layers = []ocispec.Descriptor{
		{MediaType: ocispec.MediaTypeImageLayer, Digest: digest.FromString("gone"), Size: 5, URLs: mirrored.URLs},
		mirrored, c.source.blob(ocispec.MediaTypeImageLayerNonDistributableGzip, "licensed"), //nolint:staticcheck // they exist
	}
	c.root = c.source.manifest("v1", m)
	copied, err := c.copy("v1")
	if err != nil || copied.Size != c.root.Size+m.Config.Size+m.Layers[2].Size || c.target.count("PUT", "/blobs/") != 3 {
		t.Errorf("got %+v, %v", copied, err)
	}
	c.source.set(once(0, "GET", "/blobs/", status(403, "")))
	if _, err := c.copyTo(t.Context(), "mirror/another", "v1"); err == nil {
		t.Error("a layer that may not be read is left out")
	}
}

// Images that share layers send each once, although they are copied at the same time.
func TestSharedLayersAreSentOnce(t *testing.T) {
	t.Parallel()
	c := newCopying(t)
	// The registry shares blobs between its repositories, and others do not.
	var has sync.Map
	c.target.intercept = func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		repository, blob, isBlob := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/"), "/blobs/")
		if _, known := has.Load(repository + blob); isBlob && r.Method == http.MethodHead && !known {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if r.URL.Query().Get("mount") != "" {
			has.Store(repository+r.URL.Query().Get("mount"), true)
			w.WriteHeader(http.StatusCreated)
			return
		}
		has.Store(repository+r.URL.Query().Get("digest"), true)
		next.ServeHTTP(w, r)
	}
	target, from := c.target.client(), oci.Source{Client: c.source.client(), Repository: "base", Reference: "v1"}
	var group sync.WaitGroup
	for i := range 10 {
		group.Go(func() {
			if _, err := target.Copy(t.Context(), from, fmt.Sprint("mirror/", i), []string{"v1"}, func(int, int64) {}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := c.target.count("PUT", "/blobs/uploads/"); n != 5 { // three layers and two configurations
		t.Errorf("sent %d blobs", n)
	}
}

// zeroReader is a blob of n zeros.
type zeroReader struct{ n int64 }

func (z *zeroReader) Read(p []byte) (int, error) {
	if z.n == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), z.n)
	clear(p[:n])
	z.n -= n
	return int(n), nil
}

// A layer of any size passes in pieces: a copy holds a few of them in memory, and no file.
func TestLargeLayersAreNotHeld(t *testing.T) { //nolint:paralleltest // it counts what the process allocates
	const size, most = 256 << 20, 16 << 20
	hash := sha256.New()
	if _, err := io.Copy(hash, &zeroReader{size}); err != nil {
		t.Fatal(err)
	}
	large := digest.NewDigest(digest.SHA256, hash)
	c := newCopying(t)
	m := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest}
	m.SchemaVersion = 2
	m.Config = c.source.blob(ocispec.MediaTypeImageConfig, "{}")
	m.Layers = []ocispec.Descriptor{{MediaType: ocispec.MediaTypeImageLayer, Digest: large, Size: size}}
	c.root = c.source.manifest("v1", m)
	c.source.set(once(0, "GET", "/blobs/"+large.String(), func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(size))
		_, _ = io.Copy(w, &zeroReader{size})
	}))
	var received int64
	c.target.set(func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Query().Get("digest") == large.String():
			received, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusCreated)
		default:
			next.ServeHTTP(w, r)
		}
	})
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := c.copy("v1")
	runtime.ReadMemStats(&after)
	if err != nil || received != size {
		t.Errorf("received %d bytes, %v", received, err)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > most {
		t.Errorf("allocated %d MiB for a layer of %d MiB", allocated>>20, size>>20)
	}
	if files, err := os.ReadDir(temporary); err != nil || len(files) > 0 {
		t.Errorf("left %v, %v", files, err)
	}
}

// A token that ends in the middle of a copy is renewed.
func TestTokenEndsInTheMiddle(t *testing.T) {
	t.Parallel()
	c := newCopying(t)
	// All tokens end with each manifest, when no other request is on its way.
	var manifests, rejected atomic.Int32
	c.target.intercept = func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		valid := fmt.Sprintf("t%d", manifests.Load())
		if r.URL.Path == "/token" {
			_, _ = fmt.Fprintf(w, `{"token": %q}`, valid)
			return
		}
		if token := r.Header.Get("Authorization"); token != "Bearer "+valid {
			if token != "" {
				rejected.Add(1)
			}
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") {
			manifests.Add(1)
		}
	}
	if _, err := c.copy("v1"); err != nil {
		t.Error(err)
	}
	c.target.set(nil)
	if rejected.Load() < 2 {
		t.Errorf("%d tokens have ended", rejected.Load())
	}
	c.mustHave("v1")
}

// An identity token does not leave the registry's own names, in no part of a request.
func TestIdentityTokenStaysAtHome(t *testing.T) {
	c := newCopying(t)
	var seen atomic.Int32
	stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(fmt.Sprint(r.Header, r.URL, string(body)), "hush") {
			seen.Add(1)
		}
		_, _ = io.WriteString(w, `{"token": "x"}`)
	}))
	defer stranger.Close()
	c.source.set(unauthorized(`Bearer realm="` + strings.Replace(stranger.URL, "127.0.0.1", "localhost", 1) + `/token",service="x"`))
	source := c.source.dockerClient(fmt.Sprintf(`{"auths": {%q: {"auth": "YTpiCg==", "identitytoken": "hush"}}}`, c.source.host))
	_, err := source.Resolve(t.Context(), "base", "v1")
	if err == nil || !strings.Contains(err.Error(), "was not sent") || seen.Load() > 0 {
		t.Errorf("got %v, and the stranger has seen it %d times", err, seen.Load())
	}
}

// A login that is not available is no obstacle to a public image, and a message says what
// was tried.
func TestDockerConfigWithoutALogin(t *testing.T) {
	c := newCopying(t)
	source := c.source.dockerClient(`{"credsStore": "not-installed"}`)
	if _, err := source.Resolve(t.Context(), "base", "v1"); err != nil {
		t.Error(err)
	}
	c.source.set(unauthorized(`Basic realm="x"`))
	_, err := source.Resolve(t.Context(), "base", "v1")
	e, _ := errors.AsType[*oci.Error](err)
	if e == nil || !strings.Contains(e.Login, "docker-credential-not-installed is not on the PATH") {
		t.Errorf("got %v", err)
	}
}
