package oci

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
)

// Media types of Docker, from before OCI.
const (
	dockerIndex    = "application/vnd.docker.distribution.manifest.list.v2+json"
	dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	dockerConfig   = "application/vnd.docker.container.image.v1+json"
)

// maxLookups limits how many manifests are read to find platforms that the index leaves
// out.
const maxLookups = 20

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

// ErrNoTag is returned by Image if the registry has no such tag.
var ErrNoTag = errors.New("there is no such tag")

// Image returns what a tag refers to, with one request if that has everything. More
// requests are made only for platforms that it leaves out. All content is compared with
// its digest.
func (c *Client) Image(ctx context.Context, repository, tag string) (Image, error) {
	source, err := c.registry.Repository(ctx, repository)
	if err != nil {
		return Image{}, err
	}
	c.logIn(ctx, repository)
	found, body, err := source.FetchReference(ctx, tag)
	switch {
	case errors.Is(err, errdef.ErrNotFound):
		return Image{}, ErrNoTag
	case err != nil:
		return Image{}, redactError(err)
	}
	defer body.Close()
	content, err := content.ReadAll(body, found)
	if err != nil {
		return Image{}, fmt.Errorf("the manifest does not have the digest %s: %w", found.Digest, err)
	}
	m, err := parseManifest(found, content)
	if err != nil {
		return Image{}, err
	}
	s := imageSummary{source: source, platforms: map[string]bool{}}
	s.addPlatforms(ctx, m)
	image := Image{Digest: found.Digest.String(), Size: m.size(found.Size), Platforms: []string{}}
	for platform := range s.platforms {
		image.Platforms = append(image.Platforms, platform)
	}
	slices.Sort(image.Platforms)
	return image, nil
}

// manifest is a manifest or an index.
type manifest struct {
	MediaType string               `json:"mediaType"`
	Manifests []ocispec.Descriptor `json:"manifests"`
	Config    ocispec.Descriptor   `json:"config"`
	Layers    []ocispec.Descriptor `json:"layers"`
}

func isManifest(mediaType string) bool {
	return mediaType == ocispec.MediaTypeImageManifest || mediaType == dockerManifest
}

func isIndex(mediaType string) bool {
	return mediaType == ocispec.MediaTypeImageIndex || mediaType == dockerIndex
}

// parseManifest rejects content that one client could read as a manifest and another as
// an index (CVE-2021-41190).
func parseManifest(d ocispec.Descriptor, content []byte) (manifest, error) {
	var m manifest
	if err := json.Unmarshal(content, &m); err != nil {
		return m, fmt.Errorf("the manifest %s is not JSON: %w", d.Digest, err)
	}
	switch {
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

// size counts each part once, and no layers that are stored elsewhere. Invalid sizes do
// not count.
func (m manifest) size(own int64) int64 {
	sizes := map[digest.Digest]int64{}
	for _, part := range slices.Concat(m.Manifests, m.Layers, []ocispec.Descriptor{m.Config}) {
		if len(part.URLs) == 0 && part.Size > 0 {
			sizes[part.Digest] = part.Size
		}
	}
	sum := own
	for _, size := range sizes {
		if size > math.MaxInt64-sum {
			return math.MaxInt64
		}
		sum += size
	}
	return sum
}

// imageSummary is what is known of an image so far.
type imageSummary struct {
	source    content.Fetcher
	lookups   int
	platforms map[string]bool
}

// addPlatforms adds the platforms of a manifest, or of an index and what is below it. It
// leaves out what cannot be read: the digest is known without it.
func (s *imageSummary) addPlatforms(ctx context.Context, m manifest) {
	if isManifest(m.MediaType) {
		if m.Config.MediaType == ocispec.MediaTypeImageConfig || m.Config.MediaType == dockerConfig {
			var platform ocispec.Platform
			if read, err := content.FetchAll(ctx, s.source, m.Config); err == nil && json.Unmarshal(read, &platform) == nil {
				s.add(&platform)
			}
		}
		return
	}
	for _, part := range m.Manifests {
		if part.Platform != nil {
			s.add(part.Platform)
			continue
		}
		if !isManifest(part.MediaType) && !isIndex(part.MediaType) || s.lookups >= maxLookups {
			continue
		}
		s.lookups++
		read, err := content.FetchAll(ctx, s.source, part)
		if err != nil {
			continue
		}
		if below, err := parseManifest(part, read); err == nil {
			s.addPlatforms(ctx, below)
		}
	}
}

func (s *imageSummary) add(p *ocispec.Platform) {
	if name := platformName(p); name != "" {
		s.platforms[name] = true
	}
}
