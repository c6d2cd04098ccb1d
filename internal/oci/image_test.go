package oci_test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/registry/remote"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/testimage"
)

func push(t *testing.T, r *remote.Repository, mediaType, content string) ocispec.Descriptor {
	t.Helper()
	d, err := oras.PushBytes(t.Context(), r, mediaType, []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func tag(t *testing.T, r *remote.Repository, d ocispec.Descriptor, name string) {
	t.Helper()
	if err := r.Tag(t.Context(), d, name); err != nil {
		t.Fatal(err)
	}
}

func part(d ocispec.Descriptor, platform string) string {
	return fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":%d%s}`, d.MediaType, d.Digest, d.Size, platform)
}

func TestImage(t *testing.T) {
	const docker = "application/vnd.docker.distribution.manifest.v2+json"
	host, url := serve(t, mock(false))
	r := repository(t, url, host, "shop/checkout")
	count := func(all ...ocispec.Descriptor) (sum int64) {
		for _, d := range all {
			sum += d.Size
		}
		return sum
	}

	config := push(t, r, "application/vnd.docker.container.image.v1+json", `{"os":"linux","architecture":"arm","variant":"v7"}`)
	layer := push(t, r, "application/vnd.docker.image.rootfs.diff.tar.gzip", "layer")
	single := push(
		t,
		r,
		docker,
		`{"schemaVersion":2,"mediaType":"`+docker+`","config":`+part(config, "")+`,"layers":[`+part(layer, "")+`,`+part(layer, "")+`]}`,
	)
	chartConfig := push(t, r, "application/vnd.cncf.helm.config.v1+json", `{"os":"linux"}`)
	chart := push(
		t,
		r,
		ocispec.MediaTypeImageManifest,
		`{"schemaVersion":2,"config":`+part(chartConfig, "")+`,"layers":[`+part(layer, "")+`]}`,
	)
	attestation := push(t, r, ocispec.MediaTypeImageManifest, `{"schemaVersion":2,"config":`+part(chartConfig, "")+`,"layers":[]}`)
	inner := push(t, r, ocispec.MediaTypeImageIndex, `{"schemaVersion":2,"manifests":[`+part(single, "")+`]}`)
	outer := push(t, r, "application/vnd.docker.distribution.manifest.list.v2+json", `{"schemaVersion":2,"manifests":[`+
		part(chart, `,"platform":{"os":"windows","architecture":"amd64","os.version":"1"}`)+`,`+
		part(chart, `,"platform":{"os":"windows","architecture":"amd64","os.version":"2"}`)+`,`+
		part(attestation, `,"platform":{"os":"unknown","architecture":"unknown"}`)+`,`+part(inner, "")+`]}`)
	// Platforms that the index names are not read from manifests.
	declared := push(
		t,
		r,
		ocispec.MediaTypeImageIndex,
		`{"schemaVersion":2,"manifests":[`+part(single, `,"platform":{"os":"linux","architecture":"riscv64"}`)+`]}`,
	)
	strange := push(t, r, ocispec.MediaTypeImageManifest, `{"schemaVersion":2,"config":`+part(ocispec.Descriptor{
		MediaType: ocispec.MediaTypeImageConfig, Digest: digest.FromString("gone"), Size: 4}, `,"urls":["https://example.com/"]`)+`}`)
	for name, d := range map[string]ocispec.Descriptor{"single": single, "chart": chart, "index": outer, "declared": declared, "gone": strange} {
		tag(t, r, d, name)
	}
	multi, err := testimage.Write(t.Context(), r, "multi", "linux/arm64", "linux/amd64")
	if err != nil {
		t.Fatal(err)
	}

	for _, test := range []struct {
		tag       string
		digest    digest.Digest
		size      int64
		platforms []string
	}{
		{"single", single.Digest, count(single, config, layer), []string{"linux/arm/v7"}},
		{"chart", chart.Digest, count(chart, chartConfig, layer), []string{}},
		{"index", outer.Digest, count(outer, chart, attestation, inner), []string{"linux/arm/v7", "windows/amd64"}},
		{"declared", declared.Digest, count(declared, single), []string{"linux/riscv64"}},
		{"multi", multi.Digest, 0, []string{"linux/amd64", "linux/arm64"}},
	} {
		got, err := client(t, options(host)).Image(t.Context(), "shop/checkout", test.tag)
		if err != nil || got.Digest != test.digest.String() || test.size != 0 && got.Size != test.size ||
			!slices.Equal(got.Platforms, test.platforms) || got.Platforms == nil {
			t.Errorf("%s: got %+v, %v, want %+v", test.tag, got, err, test)
		}
	}

	if _, err := client(t, options(host)).Image(t.Context(), "shop/checkout", "none"); !errors.Is(err, oci.ErrNoTag) {
		t.Errorf("no tag: got %v", err)
	}
	// A missing part removes its platform from the result, and not the digest.
	gone, err := client(t, options(host)).Image(t.Context(), "shop/checkout", "gone")
	if err != nil || gone.Digest != strange.Digest.String() || len(gone.Platforms) != 0 {
		t.Errorf("a part that is gone: got %+v, %v", gone, err)
	}
	if _, err := client(t, options(host)).Tags(t.Context(), "none"); !oci.IsNotFound(err) {
		t.Errorf("no repository: got %v", err)
	}
}

// The platform in another configuration than the manifest names is not believed.
func TestAnotherConfiguration(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.image("v1", "linux/amd64", nil)
	for body, want := range map[string][]string{`{"os":"linux","architecture":"s390x"}`: {}, `{`: {}, "": {"linux/amd64"}} {
		p.set(nil)
		if body != "" {
			p.set(once(0, "GET", "/blobs/", status(200, body)))
		}
		if image, err := p.client().Image(t.Context(), "base", "v1"); err != nil || !slices.Equal(image.Platforms, want) {
			t.Errorf("%s: %+v, %v", body, image, err)
		}
	}
}

func TestManifestsThatAreNone(t *testing.T) {
	for name, test := range map[string]struct {
		mediaType, body, header, want string
	}{
		"another digest": {ocispec.MediaTypeImageManifest, `{}`, digest.FromString("other").String(), "does not have the digest"},
		"another type":   {"application/vnd.example+json", `{}`, "", `neither an image nor an index`},
		"schema 1":       {"application/vnd.docker.distribution.manifest.v1+prettyjws", `{}`, "", "schema 1"},
		"no JSON":        {ocispec.MediaTypeImageManifest, `x`, "", "is not JSON"},
		"no type":        {"application/json", `{}`, "", "Content-Type"},
	} {
		t.Run(name, func(t *testing.T) {
			host, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.mediaType)
				if test.header != "" {
					w.Header().Set("Docker-Content-Digest", test.header)
				}
				_, _ = w.Write([]byte(test.body))
			}))
			_, err := client(t, options(host)).Image(t.Context(), "a", "v1")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// An endless chain of indexes is not followed to its end.
func TestIndexWithoutEnd(t *testing.T) {
	t.Parallel()
	manifests := 0
	registry := mock(false)
	host, url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/manifests/") {
			manifests++
		}
		registry.ServeHTTP(w, r)
	}))
	r := repository(t, url, host, "a")
	last := push(t, r, ocispec.MediaTypeImageManifest, `{"schemaVersion":2}`)
	for range 30 {
		last = push(t, r, ocispec.MediaTypeImageIndex, `{"schemaVersion":2,"manifests":[`+part(last, "")+`]}`)
	}
	tag(t, r, last, "v1")
	manifests = 0
	image, err := client(t, options(host)).Image(t.Context(), "a", "v1")
	if err != nil || image.Digest != last.Digest.String() || manifests > 22 {
		t.Errorf("got %+v, %v after %d requests", image, err, manifests)
	}
}

// Content that is an image for one client and an index for another is rejected.
func TestAmbiguousManifests(t *testing.T) {
	t.Parallel()
	const layer = `{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}`
	for name, test := range map[string]struct{ mediaType, body string }{
		"both":                            {ocispec.MediaTypeImageIndex, `{"manifests":[` + layer + `],"layers":[` + layer + `]}`},
		"a manifest served as an index":   {ocispec.MediaTypeImageIndex, `{"config":` + layer + `,"layers":[` + layer + `]}`},
		"an index served as a manifest":   {ocispec.MediaTypeImageManifest, `{"manifests":[` + layer + `]}`},
		"one type in the body, one above": {ocispec.MediaTypeImageIndex, `{"mediaType":"` + ocispec.MediaTypeImageManifest + `"}`},
	} {
		host, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", test.mediaType)
			_, _ = io.WriteString(w, test.body)
		}))
		if image, err := client(t, options(host)).Image(t.Context(), "a", "v1"); err == nil {
			t.Errorf("%s: got %+v", name, image)
		}
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		layers string
		want   int64
	}{
		"stored elsewhere": {`{"digest":"sha256:a","size":5,"urls":["https://example.com/layer"]},{"digest":"sha256:b","size":7}`, 7},
		"negative":         {`{"digest":"sha256:a","size":-5},{"digest":"sha256:b","size":7}`, 7},
		"twice the same":   {`{"digest":"sha256:b","size":7},{"digest":"sha256:b","size":7}`, 7},
		"too large":        {`{"digest":"sha256:a","size":9223372036854775807},{"digest":"sha256:b","size":9223372036854775807}`, math.MaxInt64},
	} {
		body := `{"layers":[` + test.layers + `]}`
		host, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
			_, _ = io.WriteString(w, body)
		}))
		image, err := client(t, options(host)).Image(t.Context(), "a", "v1")
		want := test.want
		if want != math.MaxInt64 {
			want += int64(len(body))
		}
		if err != nil || image.Size != want {
			t.Errorf("%s: got %d, %v, want %d", name, image.Size, err, want)
		}
	}
}
