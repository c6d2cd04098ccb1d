// Package testimage creates small container images, for tests and the demo.
package testimage

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// Write pushes an image with a tag: a manifest for one platform, such as linux/arm/v7, or
// an index for several.
func Write(ctx context.Context, target oras.Target, tag string, platforms ...string) (ocispec.Descriptor, error) {
	var manifests []ocispec.Descriptor
	for _, name := range platforms {
		m, err := writeManifest(ctx, target, name)
		if err != nil {
			return m, err
		}
		manifests = append(manifests, m)
	}
	if len(manifests) == 1 {
		return manifests[0], target.Tag(ctx, manifests[0], tag)
	}
	index, err := pushJSON(ctx, target, ocispec.MediaTypeImageIndex, ocispec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex, Manifests: manifests,
	})
	if err != nil {
		return index, err
	}
	return index, target.Tag(ctx, index, tag)
}

func writeManifest(ctx context.Context, target oras.Target, platformName string) (ocispec.Descriptor, error) {
	parts := append(strings.Split(platformName, "/"), "")
	platform := ocispec.Platform{OS: parts[0], Architecture: parts[1], Variant: parts[2]}
	// Each platform has its own file, so that no two share a layer.
	var content bytes.Buffer
	archive := tar.NewWriter(&content)
	if err := archive.WriteHeader(&tar.Header{Name: strings.ReplaceAll(platformName, "/", "-"), Mode: 0o644}); err != nil {
		return ocispec.Descriptor{}, err
	}
	if err := archive.Close(); err != nil {
		return ocispec.Descriptor{}, err
	}
	layer, err := oras.PushBytes(ctx, target, ocispec.MediaTypeImageLayer, content.Bytes())
	if err != nil {
		return layer, err
	}
	config, err := pushJSON(ctx, target, ocispec.MediaTypeImageConfig, ocispec.Image{
		Platform: platform, RootFS: ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{layer.Digest}},
	})
	if err != nil {
		return config, err
	}
	manifest, err := pushJSON(ctx, target, ocispec.MediaTypeImageManifest, ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest,
		Config: config, Layers: []ocispec.Descriptor{layer},
	})
	manifest.Platform = &platform
	return manifest, err
}

func pushJSON(ctx context.Context, target oras.Target, mediaType string, v any) (ocispec.Descriptor, error) {
	content, err := json.Marshal(v)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return oras.PushBytes(ctx, target, mediaType, content)
}

// Repository returns a repository of the mock server at serverURL, with a registry's host
// name. The server is used as a proxy, because names below localhost do not resolve
// everywhere.
func Repository(serverURL, host, name, username, password string) (*remote.Repository, error) {
	server, err := url.Parse(serverURL)
	if err != nil {
		return nil, err
	}
	repository, err := remote.NewRepository(host + "/" + name)
	if err != nil {
		return nil, err
	}
	repository.PlainHTTP = true
	repository.Client = &auth.Client{
		Client:     &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(server)}},
		Credential: auth.StaticCredential(host, auth.Credential{Username: username, Password: password}),
		Cache:      auth.NewCache(),
	}
	return repository, nil
}
