package cloudfleet

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
)

// attempts is shared by the attempts of one call.
type attempts struct {
	as credential
	// ambiguous: it is not known whether the server has acted on one of the attempts.
	ambiguous bool
}

type attemptsKey struct{}

// onceKey is the context key for the time that an attempt may take. With it, a call is
// sent again only if the server throttles.
type onceKey struct{}

// credentials adds the credential to a request.
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

// ambiguity notes that a server was reached and may have acted.
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

// seenThrough completes a write that was sent, even if its caller is cancelled: the
// answer may have a secret. A delete has none to lose, so that a deadline ends it.
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
	// Without GetBody, net/http cannot send a request again by itself.
	req.GetBody = nil
	return t.next.RoundTrip(req)
}

// checkRetry decides for go-retryablehttp whether to send a request again. An answer to a
// request that is not sent again is passed on as it is. Every request may be sent again:
// twice has the same result as once, except for a create and a regenerate, which have a
// key by which the server can recognize them.
func checkRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Value(onceKey{}) != nil && !roundtrip.IsThrottled(resp) {
		return false, nil
	}
	return roundtrip.ShouldRetry(ctx, resp, err), nil
}
