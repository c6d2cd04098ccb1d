package oci

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry"
)

// Media types of Docker's, from before there was an OCI.
const (
	dockerIndex    = "application/vnd.docker.distribution.manifest.list.v2+json"
	dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	dockerConfig   = "application/vnd.docker.container.image.v1+json"
)

// maxManifests bounds how many manifests of one image are read.
const maxManifests = 200

// Image is what a tag stands for.
type Image struct {
	// Digest is of the manifest, or of the index of an image for many platforms.
	Digest string
	// Size is in bytes: of manifests, configurations and layers of all platforms,
	// each counted once.
	Size int64
	// Platforms are such as linux/arm64, sorted. There are none for what is no
	// container image, such as a chart.
	Platforms []string
}

// ErrNoTag is what Image returns when the registry has no such tag.
var ErrNoTag = errors.New("there is no such tag")

// Image returns what the tag stands for. All that it reads is held against its
// digest.
func (c *Client) Image(ctx context.Context, repository, tag string) (Image, error) {
	source, err := c.registry.Repository(ctx, repository)
	if err != nil {
		return Image{}, err
	}
	found, body, err := source.FetchReference(ctx, tag)
	switch {
	case errors.Is(err, errdef.ErrNotFound):
		return Image{}, ErrNoTag
	case err != nil:
		return Image{}, plain(err)
	}
	defer body.Close()
	manifest, err := content.ReadAll(body, found)
	if err != nil {
		return Image{}, fmt.Errorf("the manifest is not what its digest %s says: %w", found.Digest, err)
	}
	t := tally{source: source, sizes: map[digest.Digest]int64{}, platforms: map[string]bool{}}
	if err := t.add(ctx, found, manifest, true); err != nil {
		return Image{}, plain(err)
	}
	image := Image{Digest: found.Digest.String(), Platforms: []string{}}
	for _, size := range t.sizes {
		image.Size += size
	}
	for platform := range t.platforms {
		image.Platforms = append(image.Platforms, platform)
	}
	slices.Sort(image.Platforms)
	return image, nil
}

// tally is what has been found of an image so far.
type tally struct {
	source    registry.Repository
	manifests int
	sizes     map[digest.Digest]int64
	platforms map[string]bool
}

// add counts a manifest, or an index and all below it. The platform of a manifest
// stands in the index or, where there is none, in its configuration.
func (t *tally) add(ctx context.Context, d ocispec.Descriptor, manifest []byte, alone bool) error {
	if t.manifests++; t.manifests > maxManifests {
		return fmt.Errorf("the image has more than %d manifests", maxManifests)
	}
	t.sizes[d.Digest] = d.Size
	var parts struct {
		Manifests []ocispec.Descriptor `json:"manifests"`
		Config    ocispec.Descriptor   `json:"config"`
		Layers    []ocispec.Descriptor `json:"layers"`
	}
	if err := json.Unmarshal(manifest, &parts); err != nil {
		return fmt.Errorf("the manifest %s is not JSON: %w", d.Digest, err)
	}
	switch d.MediaType {
	case ocispec.MediaTypeImageManifest, dockerManifest:
		for _, part := range append(parts.Layers, parts.Config) {
			t.sizes[part.Digest] = part.Size
		}
		if alone && (parts.Config.MediaType == ocispec.MediaTypeImageConfig || parts.Config.MediaType == dockerConfig) {
			return t.addPlatformOf(ctx, parts.Config)
		}
	case ocispec.MediaTypeImageIndex, dockerIndex:
		for _, part := range parts.Manifests {
			t.addPlatform(part.Platform)
			if t.sizes[part.Digest] > 0 {
				continue
			}
			below, err := content.FetchAll(ctx, t.source, part)
			if err != nil {
				return fmt.Errorf("the image's manifest %s cannot be read: %w", part.Digest, plain(err))
			}
			if err := t.add(ctx, part, below, part.Platform == nil); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("the tag stands for something of the type %q, which is neither an image nor an index of images", d.MediaType)
	}
	return nil
}

func (t *tally) addPlatformOf(ctx context.Context, config ocispec.Descriptor) error {
	read, err := content.FetchAll(ctx, t.source, config)
	if err != nil {
		return fmt.Errorf("the image's configuration %s cannot be read: %w", config.Digest, plain(err))
	}
	var platform ocispec.Platform
	if err := json.Unmarshal(read, &platform); err != nil {
		return fmt.Errorf("the image's configuration %s is not JSON: %w", config.Digest, err)
	}
	t.addPlatform(&platform)
	return nil
}

// addPlatform leaves out what no machine is, such as a build's attestation.
func (t *tally) addPlatform(p *ocispec.Platform) {
	if p == nil || p.OS == "" || p.OS == "unknown" {
		return
	}
	name := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		name += "/" + p.Variant
	}
	t.platforms[name] = true
}
