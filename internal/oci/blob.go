package oci

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"sync"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
)

// copyBlob copies a blob, unless the repository has it. One upload at a time sends a
// digest: the others wait, and then find it or mount it. All its requests have one budget.
func (w *copying) copyBlob(ctx context.Context, d ocispec.Descriptor) error {
	if err := d.Digest.Validate(); err != nil {
		return AtSource(ContentError{w.from.Client.Host, fmt.Errorf("a part of the image has the digest %q: %w", d.Digest, err)})
	}
	leave, err := w.client.uploads.enter(ctx, d.Digest.String(), true)
	if err != nil {
		return err
	}
	defer leave()
	for b := w.client.newBudget(); ; {
		err := w.tryBlob(ctx, d, b)
		if err == nil {
			w.client.homes.Store(d.Digest, w.repository)
			return nil
		}
		if _, isSource := errors.AsType[SourceError](err); isSource && IsNotFound(err) && len(d.URLs) > 0 {
			return nil // it is stored only there
		}
		if !isTransient(ctx, err) || !b.wait(ctx, nil) {
			return err
		}
	}
}

// isTransient reports whether to start an upload again: no whole answer came from one of
// the registries, one failed or throttled, or the session of the upload is lost.
func isTransient(ctx context.Context, err error) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		return ctx.Err() == nil && (e.StatusCode == http.StatusNotFound && e.Method == http.MethodPut || e.Code == "BLOB_UPLOAD_INVALID" ||
			e.StatusCode == http.StatusTooManyRequests || e.StatusCode >= http.StatusInternalServerError)
	}
	_, unanswered := errors.AsType[UnansweredError](err)
	return unanswered && roundtrip.ShouldRetry(ctx, nil, err)
}

func (w *copying) tryBlob(ctx context.Context, d ocispec.Descriptor, b *budget) error {
	c := w.client
	if c.hasBlob(ctx, w.repository, d.Digest) {
		return nil
	}
	session, err := c.startUpload(ctx, w.repository, d.Digest, w.home(d.Digest), b)
	if err != nil || session == nil {
		return err
	}
	query := session.Query()
	query.Set("digest", d.Digest.String())
	session.RawQuery = query.Encode()
	var reader *verified
	resp, err := c.send(roundtrip.Streaming(ctx), call{
		method: http.MethodPut, url: session, header: http.Header{"Content-Type": {"application/octet-stream"}},
		repository: w.repository, push: true, size: d.Size,
		body: func() (io.ReadCloser, error) {
			source, err := w.from.Client.openBlob(ctx, w.from.Repository, d, b)
			reader = source
			return source, AtSource(err)
		},
	}, &budget{})
	if err == nil {
		return resp.Body.Close()
	}
	if reader != nil && reader.failure() != nil {
		return AtSource(reader.failure())
	}
	if hasStatus(err, http.StatusBadRequest, http.StatusConflict, http.StatusNotFound) && c.hasBlob(ctx, w.repository, d.Digest) {
		return nil // another client was faster
	}
	return err
}

// home returns a repository of the target's registry that has a blob, or nothing.
func (w *copying) home(d digest.Digest) string {
	if w.from.Client.Host == w.client.Host {
		return w.from.Repository
	}
	home, _ := w.client.homes.Load(d)
	name, _ := home.(string)
	return name
}

// hasBlob reports whether a repository has a blob. An answer that proves nothing counts as
// no: then it is sent.
func (c *Client) hasBlob(ctx context.Context, repository string, d digest.Digest) bool {
	resp, err := c.send(ctx, c.blobCall(http.MethodHead, repository, d), &budget{})
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil
}

// startUpload returns where to send a blob, or nil if it could be mounted from home. A
// mount that is refused is an upload.
func (c *Client) startUpload(ctx context.Context, repository string, d digest.Digest, home string, b *budget) (*url.URL, error) {
	start := call{method: http.MethodPost, url: c.path(repository+"/blobs/uploads/", nil), repository: repository, push: true}
	if home != "" && home != repository {
		mount := start
		mount.mountFrom = home
		mount.url = c.path(repository+"/blobs/uploads/", url.Values{"mount": {d.String()}, "from": {home}})
		if resp, err := c.send(ctx, mount, &budget{}); err == nil {
			defer resp.Body.Close()
			if resp.StatusCode == http.StatusCreated {
				return nil, nil
			}
			if session := sessionOf(resp, mount); session != nil {
				return session, nil
			}
		}
	}
	resp, err := c.send(ctx, start, b)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	session := sessionOf(resp, start)
	if session == nil {
		return nil, UnansweredError{c.Host, roundtrip.Refuse("the registry does not say where to send a blob (no Location)")}
	}
	return session, nil
}

// sessionOf returns where the answer to the start of an upload says to send the blob, nil
// if it does not say.
func sessionOf(resp *http.Response, start call) *url.URL {
	location := resp.Header.Get("Location")
	session, err := start.url.Parse(location)
	if err != nil || location == "" {
		return nil
	}
	return session
}

// openBlob opens a blob. What is read is compared with its digest and its size.
func (c *Client) openBlob(ctx context.Context, repository string, d ocispec.Descriptor, b *budget) (*verified, error) {
	resp, err := c.send(roundtrip.Streaming(ctx), c.blobCall(http.MethodGet, repository, d.Digest), b)
	if err != nil {
		return nil, err
	}
	return &verified{body: resp.Body, client: c, want: d, hash: d.Digest.Algorithm().Hash()}, nil
}

// verified is the body of a blob. It keeps why it could not be read, because the target
// reports that as an error of its own.
type verified struct {
	body   io.ReadCloser
	client *Client
	want   ocispec.Descriptor
	hash   hash.Hash

	mu   sync.Mutex
	size int64
	err  error
}

func (v *verified) Read(p []byte) (int, error) {
	n, err := v.body.Read(p)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.hash.Write(p[:n])
	v.size += int64(n)
	isWhole := errors.Is(err, io.EOF) || v.size == v.want.Size && err == nil
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		v.err = v.client.unanswered(err)
	case v.size > v.want.Size, isWhole && digest.NewDigest(v.want.Digest.Algorithm(), v.hash) != v.want.Digest:
		if v.size < v.want.Size {
			v.err = v.client.unanswered(fmt.Errorf("the blob %s broke off: %w", v.want.Digest, io.ErrUnexpectedEOF))
			break
		}
		v.err = ContentError{
			v.client.Host,
			fmt.Errorf("the content of %s does not have this digest and its size of %d bytes", v.want.Digest, v.want.Size),
		}
	}
	if v.err != nil {
		// The last bytes are not passed on, so that the upload cannot be complete.
		return 0, v.err
	}
	return n, err
}

// Close implements io.Closer.
func (v *verified) Close() error { return v.body.Close() }

func (v *verified) failure() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.err
}
