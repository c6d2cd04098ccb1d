package cloudfleet

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
)

// attempts is what the attempts of one call have in common.
type attempts struct {
	as credential
	// ambiguous: it is not known whether the server has acted on one of the attempts.
	ambiguous bool
}

type attemptsKey struct{}

// onceKey is set, to the time that an attempt may take, in the context of a call that
// is sent again only if the server is throttling.
type onceKey struct{}

// credentials says who is calling.
type credentials struct {
	userAgent string
	next      http.RoundTripper
}

func (t credentials) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	if s, ok := req.Context().Value(attemptsKey{}).(*attempts); ok {
		authenticate(req, s.as.tokenID, s.as.secret())
	}
	req.Header.Set("User-Agent", t.userAgent)
	req.Header.Set("Accept", "application/json")
	return t.next.RoundTrip(req)
}

// ambiguity notes when a server was reached and it is not known whether it has acted.
type ambiguity struct {
	next http.RoundTripper
}

func (t ambiguity) RoundTrip(req *http.Request) (*http.Response, error) {
	reached := false
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { reached = true },
	})
	resp, err := t.next.RoundTrip(req.WithContext(ctx))
	a, ok := ctx.Value(attemptsKey{}).(*attempts)
	if ok && (err != nil && reached || err == nil && resp.StatusCode >= http.StatusInternalServerError) {
		a.ambiguous = true
	}
	return resp, err
}

// seenThrough lets a write that was sent run on when its caller is cancelled: the
// answer may hold a secret. A delete has none to lose, so that a deadline ends it.
type seenThrough struct {
	next http.RoundTripper
}

func (t seenThrough) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if req.Method != http.MethodGet {
		deadline, limited := ctx.Deadline()
		ctx = context.WithoutCancel(ctx)
		if limited && req.Method == http.MethodDelete {
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, deadline)
			defer cancel()
		}
	}
	if limit, once := ctx.Value(onceKey{}).(time.Duration); once {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, roundtrip.TimeoutError{Limit: limit})
		defer cancel()
	}
	req = req.WithContext(ctx)
	// Without it net/http cannot send a request again unseen, which it does for one
	// with an idempotency key that a server may ignore.
	req.GetBody = nil
	if req.Header.Get(headerIdempotencyKey) != "" && (req.Body == nil || req.Body == http.NoBody) {
		req.Body = io.NopCloser(strings.NewReader("")) // none could be sent again
	}
	return t.next.RoundTrip(req)
}

// checkRetry tells go-retryablehttp whether to send again. What it did not repeat it
// passes on as it is. Every request may be sent again: doing it twice comes to the
// same as doing it once, but for a create and a regenerate, which have a key by which
// the server can tell.
func checkRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Value(onceKey{}) != nil && !roundtrip.IsThrottled(resp) {
		return false, nil
	}
	return roundtrip.ShouldRetry(ctx, resp, err), nil
}
