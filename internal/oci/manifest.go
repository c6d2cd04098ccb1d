package oci

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Media types of Docker, from before OCI.
const (
	dockerIndex    = "application/vnd.docker.distribution.manifest.list.v2+json"
	dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	dockerConfigV1 = "application/vnd.docker.container.image.v1+json"
	dockerSchema1  = "application/vnd.docker.distribution.manifest.v1+"
)

// maxLookups limits how many manifests are read to find platforms that the index leaves
// out.
const maxLookups = 20

var acceptManifests = http.Header{"Accept": {
	strings.Join([]string{ocispec.MediaTypeImageIndex, ocispec.MediaTypeImageManifest, dockerIndex, dockerManifest, "*/*"}, ", "),
}}

// document is a manifest or an index, as it is in a registry.
type document struct {
	ocispec.Descriptor
	content []byte
	parsed  manifest
}

// manifest is a manifest or an index.
type manifest struct {
	MediaType string               `json:"mediaType"`
	Manifests []ocispec.Descriptor `json:"manifests"`
	Config    ocispec.Descriptor   `json:"config"`
	Layers    []ocispec.Descriptor `json:"layers"`
	Subject   *ocispec.Descriptor  `json:"subject"`
}

func isManifest(mediaType string) bool {
	return mediaType == ocispec.MediaTypeImageManifest || mediaType == dockerManifest
}

func isIndex(mediaType string) bool {
	return mediaType == ocispec.MediaTypeImageIndex || mediaType == dockerIndex
}

// ownType returns of which type a manifest is by itself, or nothing.
func (m manifest) ownType() string {
	switch {
	case m.MediaType != "":
		return m.MediaType
	case len(m.Manifests) > 0:
		return ocispec.MediaTypeImageIndex
	case m.Config.Digest != "":
		return ocispec.MediaTypeImageManifest
	}
	return ""
}

// blobs are the configuration and the layers that the registry stores, each once.
func (m manifest) blobs() (blobs []ocispec.Descriptor) {
	seen := map[digest.Digest]bool{"": true}
	for _, part := range append([]ocispec.Descriptor{m.Config}, m.Layers...) {
		if !isForeign(part) && !seen[part.Digest] {
			seen[part.Digest] = true
			blobs = append(blobs, part)
		}
	}
	return blobs
}

// isForeign reports whether a layer is stored only elsewhere. Other types with addresses are
// usually in the registry, too.
func isForeign(d ocispec.Descriptor) bool {
	return len(d.URLs) > 0 && (strings.Contains(d.MediaType, ".foreign.") || strings.Contains(d.MediaType, ".nondistributable."))
}

// manifest reads a manifest by a tag or digest, and compares it with its digest. A missing
// one is ErrNoTag.
func (c *Client) manifest(ctx context.Context, repository, reference string, b *budget) (document, error) {
	resp, err := c.send(ctx, c.manifestCall(http.MethodGet, repository, reference), b)
	if IsNotFound(err) {
		return document{}, ErrNoTag
	}
	if err != nil {
		return document{}, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		return document{}, c.unanswered(err)
	}
	d, err := newDocument(content, resp.Header, reference)
	if err != nil {
		err = ContentError{c.Host, err}
	}
	return d, err
}

// newDocument returns the manifest in an answer, if it has the digest that the reference
// or the registry names.
func newDocument(content []byte, header http.Header, reference string) (d document, err error) {
	d = document{content: content, Descriptor: ocispec.Descriptor{Size: int64(len(content))}}
	if d.MediaType = mediaTypeOf(header); d.MediaType == "text/html" {
		return d, ErrPage
	}
	want := digest.Digest(reference)
	if want.Validate() != nil {
		want = digest.Digest(header.Get("Docker-Content-Digest"))
	}
	d.Digest = digest.FromBytes(content)
	if want.Validate() == nil {
		if d.Digest = want.Algorithm().FromBytes(content); d.Digest != want {
			return d, fmt.Errorf("the manifest does not have the digest %s", want)
		}
	}
	d.parsed, err = parseManifest(d.Descriptor, content)
	d.MediaType = d.parsed.MediaType
	return d, err
}

// mediaTypeOf returns the type in an answer, empty if the server says nothing of this
// content, as a storage service does.
func mediaTypeOf(header http.Header) string {
	mediaType, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	switch mediaType {
	case "application/json", "text/plain", "application/octet-stream", "binary/octet-stream":
		return ""
	}
	return mediaType
}

func (c *Client) manifestCall(method, repository, reference string) call {
	return call{
		method: method, url: c.path(repository+"/manifests/"+reference, nil), header: acceptManifests, repository: repository, isOften: true,
	}
}

// parseManifest rejects content that one client could read as a manifest and another as
// an index (CVE-2021-41190).
func parseManifest(d ocispec.Descriptor, content []byte) (manifest, error) {
	var m manifest
	if strings.HasPrefix(d.MediaType, dockerSchema1) {
		return m, ErrSchema1
	}
	if err := json.Unmarshal(content, &m); err != nil {
		return m, fmt.Errorf("the manifest %s is not JSON: %w", d.Digest, err)
	}
	if d.MediaType == "" {
		d.MediaType = m.ownType()
	}
	switch {
	case d.MediaType == "":
		return m, errors.New("neither the registry (Content-Type) nor the manifest itself says of which type it is")
	case !isManifest(d.MediaType) && !isIndex(d.MediaType):
		return m, fmt.Errorf("the tag refers to the type %q, which is neither an image nor an index of images", d.MediaType)
	case m.MediaType != "" && m.MediaType != d.MediaType:
		return m, fmt.Errorf("the manifest %s is served as %q and says that it is %q", d.Digest, d.MediaType, m.MediaType)
	case len(m.Manifests) > 0 && (len(m.Layers) > 0 || m.Config.Digest != ""),
		isIndex(d.MediaType) && (len(m.Layers) > 0 || m.Config.Digest != ""), isManifest(d.MediaType) && len(m.Manifests) > 0:
		return m, fmt.Errorf("the manifest %s is ambiguous: it has parts of both an image and an index of images", d.Digest)
	}
	m.MediaType = d.MediaType
	return m, nil
}

// Resolve returns the digest that a tag or digest refers to. If there is none, the error is
// [ErrNoTag]. Some registries answer only a GET.
func (c *Client) Resolve(ctx context.Context, repository, reference string) (string, error) {
	found, err := c.resolve(ctx, repository, reference)
	return found.Digest.String(), err
}

func (c *Client) resolve(ctx context.Context, repository, reference string) (ocispec.Descriptor, error) {
	b := c.newBudget()
	found, err := c.head(ctx, repository, reference, b)
	if hasStatus(err, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusBadRequest) {
		d, err := c.manifest(ctx, repository, reference, b)
		return d.Descriptor, err
	}
	return found, err
}

// head is resolve without a GET where a HEAD is refused. Without a digest in the answer, it
// reads the manifest.
func (c *Client) head(ctx context.Context, repository, reference string, b *budget) (ocispec.Descriptor, error) {
	resp, err := c.send(ctx, c.manifestCall(http.MethodHead, repository, reference), b)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	_ = resp.Body.Close()
	found := ocispec.Descriptor{MediaType: mediaTypeOf(resp.Header), Digest: digest.Digest(resp.Header.Get("Docker-Content-Digest"))}
	if found.Digest.Validate() == nil {
		return found, nil
	}
	d, err := c.manifest(ctx, repository, reference, b)
	return d.Descriptor, err
}

// Image is what a tag refers to.
type Image struct {
	// Digest is that of the manifest, or of the index of an image for several platforms.
	Digest string
	// Size is in bytes: for a manifest, of itself, the configuration and the layers that
	// the registry stores; for an index, of itself and the manifests that it lists.
	Size int64
	// Platforms are sorted, such as linux/arm64. There are none if this is not a
	// container image, but a chart for example.
	Platforms []string
}

// Image returns what a tag refers to, with one request if that has everything. More
// requests are made only for platforms that it leaves out. All content is compared with
// its digest.
func (c *Client) Image(ctx context.Context, repository, tag string) (Image, error) {
	d, err := c.manifest(ctx, repository, tag, c.newBudget())
	if err != nil {
		return Image{}, err
	}
	sum := sizes{}
	sum.add(d.Descriptor)
	for _, part := range append(d.parsed.blobs(), d.parsed.Manifests...) {
		sum.add(part)
	}
	s := platformSearch{client: c, repository: repository}
	platforms := s.of(ctx, d)
	slices.Sort(platforms)
	return Image{Digest: d.Digest.String(), Size: sum.total(), Platforms: slices.Compact(platforms)}, nil
}

// sizes are those of parts, each counted once. Invalid ones do not count, and neither do
// those with an address elsewhere.
type sizes map[digest.Digest]int64

func (s sizes) add(d ocispec.Descriptor) {
	if d.Size > 0 && len(d.URLs) == 0 {
		s[d.Digest] = d.Size
	}
}

func (s sizes) total() (sum int64) {
	for _, size := range s {
		if size > math.MaxInt64-sum {
			return math.MaxInt64
		}
		sum += size
	}
	return sum
}

// blob reads a small blob, such as a configuration, and compares it with its digest.
func (c *Client) blob(ctx context.Context, repository string, d ocispec.Descriptor) ([]byte, error) {
	if err := d.Digest.Validate(); err != nil {
		return nil, err
	}
	resp, err := c.send(ctx, c.blobCall(http.MethodGet, repository, d.Digest), c.newBudget())
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err == nil && d.Digest.Algorithm().FromBytes(content) != d.Digest {
		err = errors.New("its content does not have its digest")
	}
	return content, err
}

func (c *Client) blobCall(method, repository string, d digest.Digest) call {
	r := call{method: method, url: c.path(repository+"/blobs/"+d.String(), nil), repository: repository}
	if method == http.MethodGet { // else net/http would decompress what a storage calls compressed
		r.header = http.Header{"Accept-Encoding": {"identity"}}
	}
	return r
}

// platformSearch finds the platforms of an image.
type platformSearch struct {
	client     *Client
	repository string
	lookups    int
}

// of returns the platforms of a manifest, or of an index and what is below it. It leaves
// out what cannot be read: the digest is known without it.
func (s *platformSearch) of(ctx context.Context, d document) []string {
	names := []string{}
	if isManifest(d.MediaType) {
		if config := d.parsed.Config; config.MediaType == ocispec.MediaTypeImageConfig || config.MediaType == dockerConfigV1 {
			var platform ocispec.Platform
			read, err := s.client.blob(ctx, s.repository, config)
			if err == nil && json.Unmarshal(read, &platform) == nil && platformName(&platform) != "" {
				names = append(names, platformName(&platform))
			}
		}
		return names
	}
	for _, entry := range d.parsed.Manifests {
		names = append(names, s.ofEntry(ctx, entry)...)
	}
	return names
}

// ofEntry returns the platforms of an entry of an index: the one that it names, or those of
// what it refers to.
func (s *platformSearch) ofEntry(ctx context.Context, entry ocispec.Descriptor) []string {
	if entry.Platform != nil {
		if name := platformName(entry.Platform); name != "" {
			return []string{name}
		}
		return nil
	}
	if !isManifest(entry.MediaType) && !isIndex(entry.MediaType) || s.lookups >= maxLookups || entry.Digest.Validate() != nil {
		return nil
	}
	s.lookups++
	below, err := s.client.manifest(ctx, s.repository, entry.Digest.String(), s.client.newBudget())
	if err != nil {
		return nil
	}
	return s.of(ctx, below)
}

var errEndless = errors.New("the image has more manifests, or more indexes in each other, than are copied")
