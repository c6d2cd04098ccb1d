package oci

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
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
	// Size is in bytes, of the whole image: manifests, configurations and layers.
	Size int64
}

// SourceError is the error of a copy that is caused by the source or its registry.
type SourceError struct{ error }

func (e SourceError) Unwrap() error { return e.error }

// AtSource returns err as a SourceError.
func AtSource(err error) error { return SourceError{err} }

// Resolve returns the digest that a tag or digest of the source refers to. If there is
// none, the error is [ErrNoTag].
func (c *Client) Resolve(ctx context.Context, repository, reference string) (string, error) {
	found, err := c.resolve(ctx, repository, reference)
	return found.Digest.String(), err
}

func (c *Client) resolve(ctx context.Context, repository, reference string) (ocispec.Descriptor, error) {
	r, err := c.registry.Repository(ctx, repository)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	c.logIn(ctx, repository)
	found, err := r.Resolve(ctx, reference)
	if errors.Is(err, errdef.ErrNotFound) {
		return ocispec.Descriptor{}, ErrNoTag
	}
	return found, redactError(err)
}

// Copy copies an image, with all its platforms unless the source selects some, its
// attestations and its referrers, and sets the tags last. Content that is there already
// is not sent again, so that the next copy continues an interrupted one. Content that is
// known to be in another repository of this registry is mounted from there. progress is
// called after each manifest and each blob, never concurrently, with their number and
// size in bytes so far.
func (c *Client) Copy(
	ctx context.Context,
	from Source,
	repository string,
	tags []string,
	progress func(parts int, bytes int64),
) (Copied, error) {
	ctx = roundtrip.Streaming(ctx)
	root, err := from.Client.resolve(ctx, from.Repository, from.Reference)
	if err != nil {
		return Copied{}, SourceError{err}
	}
	source, err := from.Client.registry.Repository(ctx, from.Repository)
	if err != nil {
		return Copied{}, SourceError{err}
	}
	target, err := c.registry.Repository(ctx, repository)
	if err != nil {
		return Copied{}, err
	}
	graph, ok := source.(content.ReadOnlyGraphStorage)
	if !ok {
		return Copied{}, errors.New("the source's client cannot tell what refers to an image")
	}
	roots, index := []ocispec.Descriptor{root}, []byte(nil)
	if len(from.Platforms) > 0 {
		if roots, index, err = selectPlatforms(ctx, source, root, from.Platforms); err != nil {
			return Copied{}, SourceError{redactError(err)}
		}
	}
	work := &copying{client: c, from: from, repository: repository, progress: progress}
	for _, part := range roots {
		for attempt := 0; ; attempt++ {
			err := oras.ExtendedCopyGraph(ctx, graph, target, part, oras.ExtendedCopyGraphOptions{CopyGraphOptions: work.options()})
			if err == nil {
				break
			}
			if attempt >= c.maxRetries || !isTransient(ctx, err) {
				return Copied{}, copyError(err)
			}
			if err := sleep(ctx, roundtrip.Backoff(roundtrip.RetryWaitMin, roundtrip.RetryWaitMax, attempt, nil)); err != nil {
				return Copied{}, err
			}
		}
	}
	copied := roots[0]
	if index != nil {
		copied = content.NewDescriptorFromBytes(root.MediaType, index)
		if err := target.Push(ctx, copied, strings.NewReader(string(index))); err != nil && !errors.Is(err, errdef.ErrAlreadyExists) {
			return Copied{}, redactError(err)
		}
	}
	if err := tagAll(ctx, target, copied, tags); err != nil {
		return Copied{}, err
	}
	size, err := sizeOfAll(ctx, target, copied, map[digest.Digest]bool{})
	if err != nil {
		return Copied{}, redactError(err)
	}
	return Copied{Digest: copied.Digest.String(), SourceDigest: root.Digest.String(), Size: size}, nil
}

// copying is a copy in progress.
type copying struct {
	client     *Client
	from       Source
	repository string

	mu       sync.Mutex
	parts    int
	bytes    int64
	progress func(parts int, bytes int64)
}

func (w *copying) options() oras.CopyGraphOptions {
	done := func(_ context.Context, part ocispec.Descriptor) error {
		w.client.homes.Store(part.Digest, w.repository)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.parts, w.bytes = w.parts+1, w.bytes+part.Size
		w.progress(w.parts, w.bytes)
		return nil
	}
	return oras.CopyGraphOptions{
		PostCopy: done, OnMounted: done, OnCopySkipped: done,
		MountFrom: func(_ context.Context, part ocispec.Descriptor) (homes []string, _ error) {
			if w.from.Client == w.client {
				homes = append(homes, w.from.Repository)
			}
			if home, ok := w.client.homes.Load(part.Digest); ok {
				if home, ok := home.(string); ok && home != w.repository && !slices.Contains(homes, home) {
					homes = append(homes, home)
				}
			}
			return homes, nil
		},
	}
}

// sizeOfAll returns the size of everything below a manifest, each part once. It reads
// only manifests.
func sizeOfAll(ctx context.Context, source content.Fetcher, root ocispec.Descriptor, seen map[digest.Digest]bool) (int64, error) {
	if seen[root.Digest] {
		return 0, nil
	}
	seen[root.Digest] = true
	sum := root.Size
	if !isManifest(root.MediaType) && !isIndex(root.MediaType) {
		return sum, nil
	}
	parts, err := content.Successors(ctx, source, root)
	if err != nil {
		return 0, err
	}
	for _, part := range parts {
		size, err := sizeOfAll(ctx, source, part, seen)
		if err != nil {
			return 0, err
		}
		sum += size
	}
	return sum, nil
}

// isTransient reports whether to try a failed copy again: no answer came, or the registry
// failed or throttled.
func isTransient(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	switch e := redactError(err).(type) { //nolint:errorlint // redactError returns these as they are
	case *Error:
		return e.StatusCode == http.StatusTooManyRequests || e.StatusCode >= http.StatusInternalServerError
	case UnansweredError:
		return true
	}
	return false
}

func copyError(err error) error {
	if e, ok := errors.AsType[*oras.CopyError](err); ok && e.Origin == oras.CopyErrorOriginSource {
		return SourceError{redactError(err)}
	}
	return redactError(err)
}

func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
