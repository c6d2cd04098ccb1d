package oci

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
)

const (
	// maxDepth and maxManifests limit an image: indexes in each other, and the manifests
	// in all of them. The source is a stranger.
	maxDepth     = 8
	maxManifests = 1000
	// parallel is how many blobs of an image are copied at the same time.
	parallel = 4
)

// Source is the image to copy, and its registry.
type Source struct {
	Client     *Client
	Repository string
	// Reference is a tag or a digest.
	Reference string
	// Platforms, if any, selects the entries of an index, in the form of [Image].
	Platforms []string
}

// Copied is an image after a copy.
type Copied struct {
	// Digest is that of the copy. It differs from SourceDigest if platforms were left
	// out.
	Digest, SourceDigest string
	// Size is in bytes, of the whole image: manifests, configurations and layers, without
	// those that are stored elsewhere.
	Size int64
	// Tags are those that were set.
	Tags []string
	// Warnings say what could not be copied of that which refers to the image.
	Warnings []error
}

// Copy copies an image, with all its platforms unless the source selects some and with its
// attestations, sets the tags that differ, and then copies what refers to the image or to
// a part of it. Content that is there already is not sent again, so that the next copy
// continues an interrupted one. progress is called after each manifest and each blob,
// never concurrently, with their number and size in bytes so far.
//
// After an error, Copied has the tags that were set until then.
func (c *Client) Copy(
	ctx context.Context,
	from Source,
	repository string,
	tags []string,
	progress func(parts int, bytes int64),
) (copied Copied, err error) {
	leave, err := c.repositories.enter(ctx, repository, false)
	if err != nil {
		return copied, err
	}
	defer leave()
	root, err := from.Client.manifest(ctx, from.Repository, from.Reference, from.Client.newBudget())
	if err != nil {
		return copied, AtSource(err)
	}
	copied.SourceDigest = root.Digest.String()
	if len(from.Platforms) > 0 {
		if root, err = selectPlatforms(ctx, from, root); err != nil {
			return copied, AtSource(err)
		}
	}
	w := &copying{client: c, from: from, repository: repository, progress: progress, sizes: sizes{}, seen: map[digest.Digest]bool{}}
	if err := w.copyDocument(ctx, root, 0, len(tags) == 0); err != nil {
		return copied, err
	}
	copied.Digest, copied.Size = root.Digest.String(), w.sizes.total()
	if copied.Tags, err = c.setTags(ctx, repository, root, tags); err != nil {
		return copied, err
	}
	copied.Warnings = w.copyReferrers(ctx)
	return copied, nil
}

// copying is a copy in progress.
type copying struct {
	client     *Client
	from       Source
	repository string
	// seen are the manifests that were copied, in the order of all.
	seen map[digest.Digest]bool
	all  []ocispec.Descriptor

	mu       sync.Mutex
	sizes    sizes
	parts    int
	bytes    int64
	progress func(parts int, bytes int64)
}

func (w *copying) done(d ocispec.Descriptor) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sizes.add(d)
	w.parts, w.bytes = w.parts+1, w.bytes+d.Size
	w.progress(w.parts, w.bytes)
}

// copyDocument copies a manifest or an index after everything that is below it. Without
// puts, its tags write it.
func (w *copying) copyDocument(ctx context.Context, d document, depth int, puts bool) error {
	if w.seen[d.Digest] {
		return nil
	}
	if d.parsed.Config.Size > roundtrip.BodyMax {
		return AtSource(ContentError{w.from.Client.Host, fmt.Errorf("the configuration of %s: %w", d.Digest, ErrTooLarge)})
	}
	if depth > maxDepth || len(w.seen) >= maxManifests {
		return AtSource(ContentError{w.from.Client.Host, errEndless})
	}
	w.seen[d.Digest] = true
	for _, entry := range d.parsed.Manifests {
		if err := w.copyEntry(ctx, entry, depth+1); err != nil {
			return err
		}
	}
	exists, err := w.client.hasManifest(ctx, w.repository, d.Digest)
	if err != nil {
		return err
	}
	blobs, all := errgroup.WithContext(ctx)
	blobs.SetLimit(parallel)
	for _, part := range d.parsed.blobs() {
		blobs.Go(func() error {
			if !exists { // a registry has everything below a manifest
				if err := w.copyBlob(all, part); err != nil {
					return err
				}
			}
			w.done(part)
			return nil
		})
	}
	if err := blobs.Wait(); err != nil {
		return err
	}
	if !exists && puts {
		if err := w.client.putManifest(ctx, w.repository, d.Digest.String(), d); err != nil {
			return err
		}
	}
	w.all = append(w.all, d.Descriptor)
	w.done(d.Descriptor)
	return nil
}

// copyEntry copies what an entry of an index refers to.
func (w *copying) copyEntry(ctx context.Context, entry ocispec.Descriptor, depth int) error {
	if !isManifest(entry.MediaType) && !isIndex(entry.MediaType) {
		if isForeign(entry) {
			return nil
		}
		if err := w.copyBlob(ctx, entry); err != nil {
			return err
		}
		w.done(entry)
		return nil
	}
	if err := entry.Digest.Validate(); err != nil {
		return AtSource(ContentError{w.from.Client.Host, fmt.Errorf("an entry of the index has the digest %q: %w", entry.Digest, err)})
	}
	below, err := w.from.Client.manifest(ctx, w.from.Repository, entry.Digest.String(), w.from.Client.newBudget())
	if errors.Is(err, ErrNoTag) {
		err = ContentError{w.from.Client.Host, fmt.Errorf("the index lists %s, which the registry does not have", entry.Digest)}
	}
	if err != nil {
		return AtSource(err)
	}
	return w.copyDocument(ctx, below, depth, true)
}

// hasManifest reports whether a repository has a manifest. An answer that proves nothing
// counts as no, unless it is about the login.
func (c *Client) hasManifest(ctx context.Context, repository string, d digest.Digest) (bool, error) {
	resp, err := c.send(ctx, c.manifestCall(http.MethodHead, repository, d.String()), c.newBudget())
	if err != nil {
		e, isAnswer := errors.AsType[*Error](err)
		if isAnswer && e.StatusCode != http.StatusUnauthorized && e.StatusCode < http.StatusInternalServerError {
			err = nil
		}
		return false, err
	}
	return true, resp.Body.Close()
}

// putManifest writes a manifest under a tag or its digest. A registry may see only after a
// while what the manifest refers to.
func (c *Client) putManifest(ctx context.Context, repository, reference string, d document) error {
	put := c.manifestCall(http.MethodPut, repository, reference)
	put.header, put.push, put.size = http.Header{"Content-Type": {d.MediaType}}, true, int64(len(d.content))
	put.body = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(d.content)), nil }
	for b := c.newBudget(); ; {
		resp, err := c.send(ctx, put, b)
		if err == nil {
			return resp.Body.Close()
		}
		e, isAnswer := errors.AsType[*Error](err)
		isEarly := isAnswer && (e.StatusCode == http.StatusNotFound || e.Code == "MANIFEST_BLOB_UNKNOWN" || e.Code == "MANIFEST_UNKNOWN" ||
			e.Code == "BLOB_UNKNOWN")
		if !isEarly || !b.wait(ctx, nil) {
			return err
		}
	}
}

// setTags sets those tags that do not refer to an image yet, and returns all that do. An
// interrupt does not end it: the caller stores which tags are set.
func (c *Client) setTags(ctx context.Context, repository string, d document, tags []string) (set []string, err error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	ctx = context.WithoutCancel(ctx)
	for _, tag := range tags {
		if found, err := c.head(ctx, repository, tag, c.newBudget()); err != nil || found.Digest != d.Digest {
			if err := c.putManifest(ctx, repository, tag, d); err != nil {
				return set, err
			}
		}
		set = append(set, tag)
	}
	return set, nil
}

// annotationAttests marks an entry of an index that is an attestation of another entry,
// by BuildKit.
const annotationAttests = "vnd.docker.reference.digest"

// selectPlatforms returns an index of only those entries that are for the source's
// platforms, with their attestations. If that is all, or an image for one platform, it is
// returned as it is.
func selectPlatforms(ctx context.Context, from Source, root document) (document, error) {
	search := platformSearch{client: from.Client, repository: from.Repository}
	if isManifest(root.MediaType) {
		return root, missingPlatform(from.Platforms, search.of(ctx, root))
	}
	var entries []ocispec.Descriptor
	var have []string
	selected, attests := map[digest.Digest]bool{}, map[int]digest.Digest{}
	isSelected := make([]bool, len(root.parsed.Manifests))
	for i, entry := range root.parsed.Manifests {
		names := search.ofEntry(ctx, entry)
		have = append(have, names...)
		for _, name := range names {
			if slices.Contains(from.Platforms, name) {
				isSelected[i], selected[entry.Digest] = true, true
			}
		}
		attests[i] = digest.Digest(entry.Annotations[annotationAttests])
	}
	if err := missingPlatform(from.Platforms, have); err != nil {
		return root, err
	}
	for i, entry := range root.parsed.Manifests {
		if isSelected[i] || selected[attests[i]] {
			entries = append(entries, entry)
		}
	}
	if len(entries) == len(root.parsed.Manifests) {
		return root, nil
	}
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(root.content, &whole); err != nil {
		return root, err
	}
	var err error
	if whole["manifests"], err = json.Marshal(entries); err != nil {
		return root, err
	}
	content, err := json.Marshal(whole)
	if err != nil {
		return root, err
	}
	smaller := root
	smaller.content, smaller.parsed.Manifests = content, entries
	smaller.Digest, smaller.Size = digest.FromBytes(content), int64(len(content))
	return smaller, nil
}
