package oci

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
)

// annotationAttests marks an entry of an index that is an attestation of another entry,
// by BuildKit.
const annotationAttests = "vnd.docker.reference.digest"

// selectPlatforms returns the entries of an index for these platforms, with their
// attestations, and an index of only those. An image for one platform is returned as it
// is.
func selectPlatforms(
	ctx context.Context,
	source content.Fetcher,
	root ocispec.Descriptor,
	platforms []string,
) ([]ocispec.Descriptor, []byte, error) {
	read, err := content.FetchAll(ctx, source, root)
	if err != nil {
		return nil, nil, err
	}
	m, err := parseManifest(root, read)
	if err != nil {
		return nil, nil, err
	}
	if isManifest(m.MediaType) {
		s := imageSummary{source: source, platforms: map[string]bool{}}
		s.addPlatforms(ctx, m)
		return []ocispec.Descriptor{root}, nil, missingPlatform(platforms, s.platforms)
	}
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(read, &whole); err != nil {
		return nil, nil, err
	}
	selected, have := map[digest.Digest]bool{}, map[string]bool{}
	for _, entry := range m.Manifests {
		name := ""
		if entry.Platform != nil {
			name = platformName(entry.Platform)
		}
		have[name] = true
		selected[entry.Digest] = slices.Contains(platforms, name)
	}
	if err := missingPlatform(platforms, have); err != nil {
		return nil, nil, err
	}
	var entries []ocispec.Descriptor
	for _, entry := range m.Manifests {
		attested := digest.Digest(entry.Annotations[annotationAttests])
		if selected[entry.Digest] || selected[attested] {
			entries = append(entries, entry)
		}
	}
	if len(entries) == len(m.Manifests) {
		return []ocispec.Descriptor{root}, nil, nil
	}
	if whole["manifests"], err = json.Marshal(entries); err != nil {
		return nil, nil, err
	}
	index, err := json.Marshal(whole)
	return entries, index, err
}

// PlatformError reports a platform that the source does not have.
type PlatformError struct {
	Platform string
	Have     []string
}

func (e PlatformError) Error() string {
	return fmt.Sprintf("the source has no image for %s; it has: %s", e.Platform, strings.Join(e.Have, ", "))
}

func missingPlatform(wanted []string, have map[string]bool) error {
	delete(have, "")
	for _, platform := range wanted {
		if !have[platform] {
			names := make([]string, 0, len(have))
			for name := range have {
				names = append(names, name)
			}
			slices.Sort(names)
			return PlatformError{platform, names}
		}
	}
	return nil
}
