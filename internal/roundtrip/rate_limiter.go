package roundtrip

import (
	"context"
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
type RateLimiter struct {
	next http.RoundTripper
	// RetryAfter is the function RetryAfter, or one with shorter waits in a test.
	RetryAfter func(*http.Response) (wait time.Duration, short bool)

	last atomic.Pointer[throttle]
	// turn is held by the request that waits for its time. The others wait for turn.
	turn chan struct{}
	// start, if set, lets a limiter begin slowly instead of being throttled.
	start *slowStart
}

// throttle is what is known since the server has throttled a request.
type throttle struct {
	at, until time.Time
	// limit is the rate in requests a second right after the wait, which doubles in time.
	limit    rate.Limit
	doubling time.Duration
	// isFirst is set where the limit is an estimate from before the throttle.
	isFirst bool
	limiter *rate.Limiter
	served  atomic.Int64
}

// NewRateLimiter returns a limiter for the requests that go to next.
func NewRateLimiter(next http.RoundTripper) *RateLimiter {
	return &RateLimiter{next: next, RetryAfter: RetryAfter, turn: make(chan struct{}, 1)}
}

// NewCarefulRateLimiter returns a limiter with few throttled requests and a slower start,
// for servers that also count throttled requests.
func NewCarefulRateLimiter(next http.RoundTripper) *RateLimiter {
	l := NewRateLimiter(next)
	l.start = newSlowStart()
	return l
}

// RoundTrip implements http.RoundTripper.
func (l *RateLimiter) RoundTrip(req *http.Request) (*http.Response, error) {
	done := func(*http.Response) {}
	var err error
	if l.start != nil {
		done, err = l.start.begin(req.Context())
	}
	var last *throttle
	if err == nil {
		last, err = l.wait(req.Context())
		if err != nil {
			done(nil)
		}
	}
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	resp, err := l.roundTrip(req, last)
	done(resp)
	if last == nil && l.start != nil {
		l.estimate() // includes what was in flight at the first throttle
	}
	return resp, err
}

// estimate sets the rate of a careful limiter after its first throttle to what the server
// has served until then.
func (l *RateLimiter) estimate() {
	first := l.last.Load()
	if first == nil || !first.isFirst {
		return
	}
	if next := l.estimated(first.at, first.until); next.limit > first.limit {
		l.last.CompareAndSwap(first, next)
	}
}

// estimated returns the first throttle of a careful limiter, from what the server has
// served until now.
func (l *RateLimiter) estimated(at, until time.Time) *throttle {
	first := &throttle{at: at, until: until, doubling: carefulDoublingTime, isFirst: true}
	first.setLimit(l.start.rate(until.Sub(at)))
	return first
}

func (l *RateLimiter) roundTrip(req *http.Request, last *throttle) (*http.Response, error) {
	resp, err := l.next.RoundTrip(req)
	switch {
	case err != nil:
	case IsThrottled(resp):
		if wait, short := l.RetryAfter(resp); short {
			next := last.then(wait)
			if last == nil && l.start != nil {
				next = l.estimated(next.at, next.until)
			}
			// One of the requests that were in flight is enough to learn from.
			l.last.CompareAndSwap(last, next)
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
	next := &throttle{at: now, until: now.Add(wait), limit: rate.Inf, doubling: doublingTime}
	if r != nil {
		next.doubling = r.doubling
		// A period under a second says too little.
		served := rate.Limit(float64(r.served.Load()) / max(now.Sub(r.at), time.Second).Seconds())
		if refused := r.rateAt(now); refused < rate.Inf {
			next.limit = max((served+refused)/2, rateMin)
		} else {
			next.limit = max(served, rateUnknown)
		}
	}
	next.setLimit(next.limit)
	return next
}

func (r *throttle) setLimit(limit rate.Limit) {
	r.limit, r.limiter = limit, rate.NewLimiter(limit, 1)
	// The first request waits, or a Retry-After of 0 would not slow down.
	r.limiter.AllowN(r.until, 1)
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
	x := max(t.Sub(r.until), 0).Seconds() / r.doubling.Seconds()
	return math.Exp2(x * x)
}
