// Package roundtrip has the HTTP layers that the API's client and the registry's client
// share: the network, limits, logging, and the rules for retries.
package roundtrip

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-cleanhttp"
)

// BodyMax is the largest body that is read, in bytes: a hundred times a full page of
// tokens, and what registries allow for a manifest.
const BodyMax = 4 << 20

// ErrBodyTooLarge is the error of a body of more than BodyMax bytes.
var ErrBodyTooLarge = fmt.Errorf("the answer has more than %d MiB", BodyMax>>20)

// RedactURL returns a URL without the parts that may be secret: the user and the query,
// which can contain the signature of a storage service.
func RedactURL(u *url.URL) string { return u.Scheme + "://" + u.Host + u.Path }

// Network returns a transport over TLS 1.2 or later. An HTTP/2 connection that no longer
// answers is closed before a request with this timeout is over, so that the next attempt
// uses another connection.
func Network(timeout time.Duration) *http.Transport {
	t := cleanhttp.DefaultPooledTransport()
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: timeout / 2, PingTimeout: timeout / 4}
	// cleanhttp keeps one connection for each core. Terraform works on ten resources at a
	// time.
	t.MaxIdleConnsPerHost = t.MaxIdleConns
	return t
}

// Log is called once for each attempt, without credentials and bodies.
type Log func(ctx context.Context, message string, fields ...map[string]any)

// Logging logs each attempt.
type Logging struct {
	Log     Log
	Message string
	Next    http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t Logging) RoundTrip(req *http.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := t.Next.RoundTrip(req)
	if t.Log == nil {
		return resp, err
	}
	fields := map[string]any{
		"method": req.Method, "url": RedactURL(req.URL), "duration_ms": time.Since(start).Milliseconds(),
	}
	if err != nil {
		fields["error"] = err.Error()
	} else {
		fields["status"] = resp.StatusCode
		fields["request_id"] = resp.Header.Get("X-Request-Id")
	}
	t.Log(req.Context(), t.Message, fields)
	return resp, err
}

// Limits limits an attempt in time and size. It reads the body, so that an incomplete
// answer is a failed attempt, and the connection is free for the next.
type Limits struct {
	Timeout time.Duration
	Next    http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t Limits) RoundTrip(req *http.Request) (*http.Response, error) {
	if isStreaming(req.Context()) {
		return t.stream(req)
	}
	ctx, cancel := context.WithTimeoutCause(req.Context(), t.Timeout, TimeoutError{t.Timeout})
	defer cancel()
	resp, err := t.Next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, cause(ctx, err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(io.LimitReader(resp.Body, BodyMax+1))
	if err != nil {
		return nil, fmt.Errorf("the answer with status %s broke off: %w", resp.Status, cause(ctx, err))
	}
	if len(content) > BodyMax {
		return nil, ErrBodyTooLarge
	}
	resp.Body = io.NopCloser(bytes.NewReader(content))
	return resp, nil
}

// cause returns why an attempt ended, if the error does not say so: the limit over
// HTTP/2, or a closed connection.
func cause(ctx context.Context, err error) error {
	var reset streamError
	switch {
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return context.Cause(ctx)
	case errors.Is(err, io.EOF), errors.As(err, &reset), err.Error() == "http2: client connection lost":
		return fmt.Errorf("the connection was closed before a whole answer came: %w", err)
	}
	return err
}

// streamError is net/http's error for an HTTP/2 stream that the server has ended. Its own
// type is not exported, but converts to one with the same fields.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return fmt.Sprintf("HTTP/2 stream error %d", e.Code) }

// TimeoutError is the error of an attempt that exceeded its limit. It is a net.Error.
type TimeoutError struct{ Limit time.Duration }

func (e TimeoutError) Error() string {
	return fmt.Sprintf("no whole answer within the request timeout of %s", e.Limit)
}

// Timeout implements net.Error.
func (TimeoutError) Timeout() bool { return true }

// Temporary implements net.Error.
func (TimeoutError) Temporary() bool { return true }

// Unwrap makes it a context.DeadlineExceeded.
func (TimeoutError) Unwrap() error { return context.DeadlineExceeded }
