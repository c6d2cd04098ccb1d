package oci

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	// maxReferrers limits what is copied of that which refers to an image, and
	// maxReferrerPages the list of it for one manifest.
	maxReferrers     = 1000
	maxReferrerPages = 20
	// maxReferrerDepth limits what refers to a referrer.
	maxReferrerDepth = 3
)

// copyReferrers copies what refers to the copied manifests, such as signatures. The image
// is complete without it, so that failures are warnings.
func (w *copying) copyReferrers(ctx context.Context) (warnings []error) {
	todo, depth := w.all, 0
	for count := 0; len(todo) > 0; depth++ {
		if depth >= maxReferrerDepth {
			return append(warnings, errors.New("what refers to an image is referred to itself, again and again: the rest was not copied"))
		}
		w.all = nil
		for _, subject := range todo {
			referrers, err := w.from.Client.referrers(ctx, w.from.Repository, subject.Digest)
			if err != nil {
				warnings = append(
					warnings,
					fmt.Errorf("what refers to %s, such as signatures, was not copied whole: %w", subject.Digest, AtSource(err)),
				)
				if ctx.Err() != nil {
					return warnings
				}
			}
			for _, referrer := range referrers {
				if w.seen[referrer.Digest] {
					continue
				}
				if count++; count > maxReferrers {
					return append(warnings, fmt.Errorf("more than %d manifests refer to the image: the rest was not copied", maxReferrers))
				}
				if err := w.copyReferrer(ctx, referrer); err != nil {
					warnings = append(warnings, fmt.Errorf("%s, which refers to %s, was not copied: %w", referrer.Digest, subject.Digest, err))
				}
			}
		}
		todo = w.all
	}
	return warnings
}

// copyReferrer copies a manifest that refers to another one.
func (w *copying) copyReferrer(ctx context.Context, d ocispec.Descriptor) error {
	if err := d.Digest.Validate(); err != nil {
		return AtSource(err)
	}
	found, err := w.from.Client.manifest(ctx, w.from.Repository, d.Digest.String(), w.from.Client.newBudget())
	if err != nil {
		return AtSource(err)
	}
	if err := w.copyDocument(ctx, found, 0, true); err != nil {
		return err
	}
	return w.client.link(ctx, w.repository, d, found)
}

// referrers lists what refers to a manifest, by the API for it or, if the registry does not
// have that, by the tag that stands in for it. After an error the list is as far as it was
// read.
func (c *Client) referrers(ctx context.Context, repository string, subject digest.Digest) ([]ocispec.Descriptor, error) {
	all, err := c.referrersAPI(ctx, repository, subject)
	if !errors.Is(err, errNoReferrersAPI) {
		return all, err
	}
	index, _, err := c.referrersTag(ctx, repository, subject)
	return index.Manifests, err
}

var errNoReferrersAPI = errors.New("the registry has no referrers API")

func (c *Client) referrersAPI(ctx context.Context, repository string, subject digest.Digest) ([]ocispec.Descriptor, error) {
	r := call{method: http.MethodGet, url: c.path(repository+"/referrers/"+subject.String(), nil), repository: repository}
	all, err := collect(ctx, c, r, maxReferrerPages, maxReferrers,
		func(page ocispec.Index) []ocispec.Descriptor { return page.Manifests },
		func(d ocispec.Descriptor) digest.Digest { return d.Digest })
	if len(all) == 0 && hasStatus(err, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusBadRequest) {
		return nil, errNoReferrersAPI
	}
	return all, err
}

// referrersTag reads the index under the tag that stands in for the referrers API, which
// may not exist.
func (c *Client) referrersTag(ctx context.Context, repository string, subject digest.Digest) (index ocispec.Index, tag string, err error) {
	tag = strings.Replace(subject.String(), ":", "-", 1)
	found, err := c.manifest(ctx, repository, tag, c.newBudget())
	if errors.Is(err, ErrNoTag) {
		return ocispec.Index{}, tag, nil
	}
	if err == nil {
		err = json.Unmarshal(found.content, &index)
	}
	return index, tag, err
}

// link makes a copied referrer known to a registry without the referrers API.
func (c *Client) link(ctx context.Context, repository string, listed ocispec.Descriptor, d document) error {
	if d.parsed.Subject == nil {
		return nil
	}
	if c.hasReferrersAPI.Load() {
		return nil
	}
	if _, err := c.referrersAPI(ctx, repository, d.parsed.Subject.Digest); !errors.Is(err, errNoReferrersAPI) {
		c.hasReferrersAPI.Store(err == nil)
		return err
	}
	index, tag, err := c.referrersTag(ctx, repository, d.parsed.Subject.Digest)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(index.Manifests, func(have ocispec.Descriptor) bool { return have.Digest == d.Digest }) {
		return nil
	}
	listed.Size = d.Size
	index.SchemaVersion, index.MediaType = 2, ocispec.MediaTypeImageIndex
	index.Manifests = append(index.Manifests, listed)
	content, err := json.Marshal(index)
	if err != nil {
		return err
	}
	return c.putManifest(ctx, repository, tag, document{
		Descriptor: ocispec.Descriptor{MediaType: index.MediaType, Digest: digest.FromBytes(content)}, content: content,
	})
}
