package oci_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// A destroy deletes the image unless something else needs it, at any depth.
func TestDelete(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		more func(p *place, image ocispec.Descriptor)
		kept string
	}{
		"nothing else":    {func(*place, ocispec.Descriptor) {}, ""},
		"another image":   {func(p *place, _ ocispec.Descriptor) { p.image("other", "linux/386", nil) }, ""},
		"another tag":     {func(p *place, _ ocispec.Descriptor) { p.image("other", "linux/amd64", nil, "layer") }, "the tag other"},
		"an index":        {func(p *place, d ocispec.Descriptor) { p.index("other", d) }, "the tag other"},
		"an inner index":  {func(p *place, d ocispec.Descriptor) { p.index("other", p.image("", "linux/386", nil), p.index("", d)) }, "the tag other"},
		"another's index": {func(p *place, _ ocispec.Descriptor) { p.index("other", p.index("", p.image("", "linux/386", nil))) }, ""},
	} {
		p := newPlace(t)
		image := p.image("v1", "linux/amd64", nil, "layer")
		test.more(p, image)
		kept, left, err := p.client().Delete(t.Context(), "base", image.Digest.String(), []string{"v1"})
		_, found := p.client().Resolve(t.Context(), "base", image.Digest.String())
		if err != nil || len(left) > 0 || !strings.HasPrefix(kept, test.kept) || (kept == "") != (test.kept == "") ||
			(found == nil) != (kept != "") {
			t.Errorf("%s: kept %q, left %v, %v, %v", name, kept, left, err, found)
		}
	}
}

// A tag of another image is not deleted, and that it is of another one counts only at the
// second look.
func TestUntag(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	first := p.image("v1", "linux/amd64", nil, "first")
	p.set(once(1, "HEAD", "/manifests/v1", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(httptest.NewRecorder(), r)
		w.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("0", 64))
	}))
	if is, err := p.client().StandsFor(t.Context(), "base", "v1", first.Digest.String()); err != nil || !is {
		t.Errorf("%t, %v", is, err)
	}
	p.set(nil)
	p.image("v1", "linux/amd64", nil, "second")
	for _, tag := range []string{"v1", "none"} {
		if err := p.client().Untag(t.Context(), "base", first.Digest.String(), tag); err != nil || p.count("DELETE", "") > 0 {
			t.Errorf("%s: %v after %d requests", tag, err, p.count("DELETE", ""))
		}
	}
	p.set(once(1, "DELETE", "/manifests/", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(httptest.NewRecorder(), r)
		w.WriteHeader(http.StatusNotFound)
	}))
	second, err := p.client().Resolve(t.Context(), "base", "v1")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.client().Untag(t.Context(), "base", second, "v1"); err != nil {
		t.Errorf("it is gone: %v", err)
	}
}
