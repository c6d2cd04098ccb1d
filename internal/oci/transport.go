package oci

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-cleanhttp"
)

// answerMax is the size in bytes above which an answer is not read: what registries
// allow a manifest.
const answerMax = 4 << 20

var errAnswerTooLarge = fmt.Errorf("the answer has more than %d MiB, which no manifest and no list of names has", answerMax>>20)

// isThisMachine tells it by the name alone: names below localhost are loopback by
// definition (RFC 6761), whether they resolve or not.
func isThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// transport layers what each attempt passes, the outermost first: logging, guard,
// limits, the network.
func transport(o Options, plainHTTP bool) http.RoundTripper {
	network := cleanhttp.DefaultPooledTransport()
	if plainHTTP {
		// What is not encrypted does not leave the machine, by a proxy either.
		network.Proxy = nil
		network.DialContext = dialThisMachine
	}
	return logging{o.Log, guard{o.Domain, plainHTTP, limits{o.RequestTimeout, network}}}
}

func dialThisMachine(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if net.ParseIP(host) == nil {
		host = "localhost"
	}
	dialer := net.Dialer{Control: func(_, resolved string, _ syscall.RawConn) error {
		ip, _, err := net.SplitHostPort(resolved)
		if err == nil && !net.ParseIP(ip).IsLoopback() {
			err = errors.New(ip + " is not this machine, and a registry on this machine leads to no other")
		}
		return err
	}}
	return dialer.DialContext(ctx, network, net.JoinHostPort(host, port))
}

// guard keeps credentials to encrypted connections and to the registry's domain.
type guard struct {
	domain    string
	plainHTTP bool
	next      http.RoundTripper
}

func (t guard) RoundTrip(req *http.Request) (*http.Response, error) {
	host := strings.TrimSuffix(strings.ToLower(req.URL.Host), ":443")
	domain := strings.TrimSuffix(strings.ToLower(t.domain), ":443")
	switch {
	case req.URL.Scheme != "https" && !t.plainHTTP:
		return nil, fmt.Errorf("the registry leads to %s without TLS, which is not followed", host)
	case req.Header.Get("Authorization") != "" && host != domain && !strings.HasSuffix(host, "."+domain):
		return nil, fmt.Errorf("the registry wants the access token sent to %s, which is outside of %s: it was not", host, domain)
	}
	return t.next.RoundTrip(req)
}

// limits bounds an attempt in time and size. The body is read here, so that an
// answer that breaks off is an attempt that failed.
type limits struct {
	timeout time.Duration
	next    http.RoundTripper
}

func (t limits) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), t.timeout)
	defer cancel()
	resp, err := t.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, t.late(ctx, err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(io.LimitReader(resp.Body, answerMax+1))
	if err != nil {
		return nil, fmt.Errorf("the answer with status %s broke off: %w", resp.Status, t.late(ctx, err))
	}
	if len(content) > answerMax {
		return nil, errAnswerTooLarge
	}
	resp.Body = io.NopCloser(bytes.NewReader(content))
	if req.Method != http.MethodHead {
		resp.ContentLength = int64(len(content))
	}
	return resp, nil
}

func (t limits) late(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return lateError{t.timeout}
	}
	return err
}

// lateError is a net.Error, by which a timeout is known.
type lateError struct{ timeout time.Duration }

func (e lateError) Error() string {
	return fmt.Sprintf("no whole answer within the request timeout of %s", e.timeout)
}

// Timeout makes it worth another attempt.
func (lateError) Timeout() bool { return true }

// Temporary is of net.Error, too.
func (lateError) Temporary() bool { return true }

// logging tells log of each attempt. A query is left out: it may hold the signature
// of a storage service.
type logging struct {
	log  func(context.Context, string, ...map[string]any)
	next http.RoundTripper
}

func (t logging) RoundTrip(req *http.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := t.next.RoundTrip(req)
	if t.log == nil {
		return resp, err
	}
	fields := map[string]any{
		"method":      req.Method,
		"url":         req.URL.Scheme + "://" + req.URL.Host + req.URL.Path,
		"duration_ms": time.Since(start).Milliseconds(),
	}
	if err != nil {
		fields["error"] = err.Error()
	} else {
		fields["status"] = resp.StatusCode
	}
	t.log(req.Context(), "asked the registry", fields)
	return resp, err
}
