package roundtrip

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

const (
	// doublingTime is how long after a wait the rate has doubled. It is short enough to
	// notice within a run that a limit was lifted, and long enough to meet a limit that
	// still holds only every few seconds.
	doublingTime = 10 * time.Second
	// forgottenGrowth is how many times the rate has grown when the limit is assumed to
	// be lifted.
	forgottenGrowth = 8
	// rateMin is the slowest rate in requests a second. Slower servers say so in
	// Retry-After.
	rateMin = 0.1
	// rateUnknown is the slowest rate, in requests a second, to begin with after two
	// throttles in a row: three for each of the ten resources that Terraform works on.
	rateUnknown = 30
	// patience and patienceWaits are how long, and how many waits, a server may throttle
	// everything before requests fail without being sent.
	patience      = 30 * time.Second
	patienceWaits = 2
	// longWait is a wait that is reported when it begins.
	longWait = 10 * time.Second
)

// RateLimiter lets all requests of a client wait when the server throttles one, and then
// finds the rate at which they are served. Without a throttle it does nothing.
//
// The first throttle shows only that the server has no capacity left. What it serves from
// then until the next throttle is a lower bound of its limit, and the rate that was
// throttled an upper bound. The next rate is in the middle. From there it grows, slowly
// at first, because the limit is probably near, then faster, until the limit is
// forgotten. Each throttle makes all requests wait, but loses no capacity: what the
// server was given meanwhile allows a slightly higher rate for some seconds.
//
// A server that throttles everything for two waits is left alone: the answer is final, and
// until its wait is over the other requests fail with [GaveUpError].
type RateLimiter struct {
	next http.RoundTripper
	// RetryAfter is the function RetryAfter, or one with shorter waits in a test.
	RetryAfter func(*http.Response) (wait time.Duration, short bool)
	// Warn, if set, is called when a long wait begins.
	Warn Log

	last atomic.Pointer[throttle]
	// turn is held by the request that waits for its time. The others wait for turn.
	turn chan struct{}
}

// GaveUpError is the error of a request that was not sent, because the server has
// throttled all others for this long.
type GaveUpError struct{ For time.Duration }

func (e GaveUpError) Error() string {
	return fmt.Sprintf("the server has throttled every request for %s (429), so that this one was not sent", e.For.Round(time.Second))
}

// finalBody marks an answer after which the request is not sent again.
type finalBody struct{ io.ReadCloser }

// throttle is what is known since the server has throttled a request.
type throttle struct {
	// began is when the server began to throttle everything.
	began, at, until time.Time
	// gaveUp: until then, no other request is sent.
	gaveUp bool
	// limit is the rate in requests a second right after the wait, which doubles in time.
	limit   rate.Limit
	limiter *rate.Limiter
	served  atomic.Int64
}

// NewRateLimiter returns a limiter for the requests that go to next.
func NewRateLimiter(next http.RoundTripper) *RateLimiter {
	return &RateLimiter{next: next, RetryAfter: RetryAfter, turn: make(chan struct{}, 1)}
}

// RoundTrip implements http.RoundTripper.
func (l *RateLimiter) RoundTrip(req *http.Request) (*http.Response, error) {
	last, err := l.wait(req.Context())
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	resp, err := l.next.RoundTrip(req)
	switch {
	case err != nil:
	case IsThrottled(resp):
		if wait, short := l.RetryAfter(resp); short {
			next := last.then(wait)
			// One of the requests that were in flight is enough to learn from.
			if !l.last.CompareAndSwap(last, next) {
				break
			}
			if next.gaveUp {
				resp.Body = finalBody{resp.Body}
			}
			if wait >= longWait && l.Warn != nil {
				l.Warn(req.Context(), "the server throttles; all its requests wait", map[string]any{
					"host": req.URL.Host, "seconds": int(wait.Seconds()), "gave_up": next.gaveUp,
				})
			}
		}
	case last != nil:
		last.served.Add(1)
	}
	return resp, err
}

// wait returns when a request may be sent, with the last throttle before that, nil if
// there was none.
func (l *RateLimiter) wait(ctx context.Context) (*throttle, error) {
	if l.last.Load() == nil {
		return nil, nil
	}
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		last := l.last.Load()
		if last == nil {
			return nil, nil
		}
		if last.growth(time.Now()) > forgottenGrowth {
			l.last.CompareAndSwap(last, nil)
			continue
		}
		if last.gaveUp && time.Now().Before(last.until) {
			return nil, GaveUpError{last.at.Sub(last.began)}
		}
		if err := last.wait(ctx); err != nil {
			return nil, err
		}
		if l.last.Load() == last {
			return last, nil
		}
	}
}

// then returns the throttle after r, which is nil for the first.
func (r *throttle) then(wait time.Duration) *throttle {
	now := time.Now()
	next := &throttle{began: now, at: now, until: now.Add(wait), limit: rate.Inf}
	if r != nil {
		if r.served.Load() == 0 {
			next.began = r.began
		}
		next.gaveUp = now.Sub(next.began) >= max(patience, patienceWaits*wait)
		// A period under a second says too little.
		served := rate.Limit(float64(r.served.Load()) / max(now.Sub(r.at), time.Second).Seconds())
		if refused := r.rateAt(now); refused < rate.Inf {
			next.limit = max((served+refused)/2, rateMin)
		} else {
			next.limit = max(served, rateUnknown)
		}
	}
	next.limiter = rate.NewLimiter(next.limit, 1)
	// The first request waits, or a Retry-After of 0 would not slow down.
	next.limiter.AllowN(next.until, 1)
	return next
}

func (r *throttle) wait(ctx context.Context) error {
	now := time.Now()
	at := now
	if at.Before(r.until) {
		at = r.until
	}
	r.limiter.SetLimitAt(at, r.rateAt(at))
	reserved := r.limiter.ReserveN(at, 1)
	timer := time.NewTimer(at.Sub(now) + reserved.DelayFrom(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		reserved.Cancel()
		return ctx.Err()
	}
}

// rateAt returns the rate at a time after the wait, in requests a second.
func (r *throttle) rateAt(t time.Time) rate.Limit {
	if r.limit == rate.Inf {
		return rate.Inf
	}
	return r.limit * rate.Limit(r.growth(t))
}

// growth returns how many times higher the rate is than right after the wait.
func (r *throttle) growth(t time.Time) float64 {
	x := max(t.Sub(r.until), 0).Seconds() / doublingTime.Seconds()
	return math.Exp2(x * x)
}
