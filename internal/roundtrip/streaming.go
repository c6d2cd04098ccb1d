package roundtrip

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

type streamingKey struct{}

// commitTimeout is how long to wait for the answer after the last byte of a body.
const commitTimeout = 10 * time.Minute

// Streaming returns a context for requests with bodies of any size, such as the blobs of
// an image. The time without progress is limited, not the whole time.
func Streaming(ctx context.Context) context.Context {
	return context.WithValue(ctx, streamingKey{}, true)
}

func isStreaming(ctx context.Context) bool { return ctx.Value(streamingKey{}) != nil }

// stream is RoundTrip for a body that is not read in advance.
func (t Limits) stream(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	idle := time.AfterFunc(t.Timeout, func() { cancel(TimeoutError{t.Timeout}) })
	moves := func() { idle.Reset(t.Timeout) }
	ends := func() {
		idle.Stop()
		cancel(nil)
	}
	req = req.WithContext(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		// After the last byte, a registry may need long to store what it was sent.
		isSent := func() { idle.Reset(max(t.Timeout, commitTimeout)) }
		req.Body = &watched{ReadCloser: req.Body, moves: moves, ends: isSent, ctx: ctx}
	}
	resp, err := t.Next.RoundTrip(req)
	if err != nil {
		err = cause(ctx, err)
		ends()
		return nil, err
	}
	moves()
	resp.Body = &watched{ReadCloser: resp.Body, moves: moves, ends: ends, ctx: ctx}
	return resp, nil
}

// watched is a body that reports progress.
type watched struct {
	io.ReadCloser
	moves, ends func()
	ctx         context.Context
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if n > 0 {
		w.moves()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = cause(w.ctx, err)
	}
	return n, err
}

// Close implements io.Closer.
func (w *watched) Close() error {
	w.ends()
	return w.ReadCloser.Close()
}
