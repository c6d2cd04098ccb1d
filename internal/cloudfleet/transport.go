package cloudfleet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	// Without a Retry-After, the waits between attempts are 1, 2, 4, 8, … seconds.
	retryWaitMin = time.Second
	retryWaitMax = 30 * time.Second
	// retryAfterMax is the longest Retry-After that is waited for. Asked for more,
	// a person decides.
	retryAfterMax = 2 * time.Minute

	// answerMax is the size in bytes above which an answer is not read: a hundred
	// times a full page of tokens.
	answerMax = 4 << 20
)

var errAnswerTooLarge = fmt.Errorf("the answer has more than %d MiB, which no answer of this API has", answerMax>>20)

// logging tells o.Log of each attempt.
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
		"url":         req.URL.Redacted(),
		"duration_ms": time.Since(start).Milliseconds(),
	}
	if err != nil {
		fields["error"] = err.Error()
	} else {
		fields["status"] = resp.StatusCode
		fields["request_id"] = resp.Header.Get(headerRequestID)
	}
	t.log(req.Context(), "called the Cloudfleet API", fields)
	return resp, err
}

// sending is what the attempts of one call have in common.
type sending struct {
	as credential
	// inDoubt: nobody knows whether the server has acted on one of the attempts.
	inDoubt bool
}

type sendingKey struct{}

// credentials says who is calling.
type credentials struct {
	userAgent string
	next      http.RoundTripper
}

func (t credentials) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	if s, ok := req.Context().Value(sendingKey{}).(*sending); ok {
		authenticate(req, s.as.tokenID, s.as.secret())
	}
	req.Header.Set("User-Agent", t.userAgent)
	req.Header.Set("Accept", "application/json")
	return t.next.RoundTrip(req)
}

// doubts notes when a server was reached and nobody knows whether it has acted.
type doubts struct {
	next http.RoundTripper
}

func (t doubts) RoundTrip(req *http.Request) (*http.Response, error) {
	reached := false
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { reached = true },
	})
	resp, err := t.next.RoundTrip(req.WithContext(ctx))
	s, ok := ctx.Value(sendingKey{}).(*sending)
	if ok && (err != nil && reached || err == nil && resp.StatusCode >= 500 && !turnedAway(resp)) {
		s.inDoubt = true
	}
	return resp, err
}

// limits bounds an attempt in time and size. The body is read here, so that an
// answer that breaks off is an attempt that failed, and the connection is free
// for the next.
type limits struct {
	timeout time.Duration
	next    http.RoundTripper
}

func (t limits) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if req.Method != http.MethodGet {
		// What has been sent is seen through: the answer may hold a secret.
		ctx = context.WithoutCancel(ctx)
	}
	late := fmt.Errorf("no whole answer within the request timeout of %s", t.timeout)
	ctx, cancel := context.WithTimeoutCause(ctx, t.timeout, late)
	defer cancel()

	req = req.WithContext(ctx)
	// Without it net/http cannot send a request again behind our back, which it
	// does for one with an idempotency key that a server may ignore.
	req.GetBody = nil
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(io.LimitReader(resp.Body, answerMax+1))
	if err != nil {
		return nil, fmt.Errorf("the answer with status %s broke off: %w", resp.Status, err)
	}
	if len(content) > answerMax {
		return nil, errAnswerTooLarge
	}
	resp.Body = io.NopCloser(bytes.NewReader(content))
	return resp, nil
}

// checkRetry tells go-retryablehttp whether to send again. What it did not
// repeat it passes on as it is.
func checkRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	return mayRetry(ctx, resp, err), nil
}

// mayRetry decides whether a request is sent again. Every one may be: to do it
// twice comes to the same as to do it once, but for a create, which has a key by
// which the server can tell (see [Client.Leftovers] for one that does not).
func mayRetry(ctx context.Context, resp *http.Response, err error) bool {
	switch {
	case ctx.Err() != nil, errors.Is(err, errAnswerTooLarge):
		return false
	case turnedAway(resp):
		_, short := askedToWait(resp)
		return short
	}
	retry, _ := retryablehttp.DefaultRetryPolicy(ctx, resp, err)
	return retry
}

// turnedAway tells whether the server has said that it did not act, and when to
// come back.
func turnedAway(resp *http.Response) bool {
	return resp != nil && (resp.StatusCode == http.StatusTooManyRequests ||
		resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "")
}

// askedToWait returns how long a server that turned a request away asks to wait,
// and whether that is short enough to be waited for. Where it does not say, it is
// as long as the first wait between two attempts.
func askedToWait(resp *http.Response) (wait time.Duration, short bool) {
	// The library's own sum overflows, and a wait of centuries becomes a short one.
	seconds, _ := strconv.ParseInt(resp.Header.Get("Retry-After"), 10, 64)
	wait = retryablehttp.DefaultBackoff(retryWaitMin, retryWaitMax, 0, resp)
	return wait, seconds <= int64(retryAfterMax.Seconds()) && wait <= retryAfterMax
}
