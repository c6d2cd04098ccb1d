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
	// notice within a run that a limit was lifted, and long enough for a limit that
	// still holds to be met only every few seconds.
	doublingTime = 10 * time.Second
	// forgottenGrowth is how many times the rate has grown when the limit that it
	// came from is taken for lifted.
	forgottenGrowth = 8
	// rateMin is the slowest rate in requests a second. What is slower yet is in
	// the server's Retry-After.
	rateMin = 0.1
	// rateUnknown is the slowest rate, in requests a second, to begin with after
	// two refusals in a row: three for each of the ten that Terraform works on.
	rateUnknown = 30
)

// RateLimiter makes all requests of a client wait together when the server turns one
// away, and then finds the rate at which they are served. Without a throttle it
// does nothing.
//
// The first throttle only tells that the server has nothing left. What it serves
// from then on until it refuses again is what it has been given meanwhile, so the
// limit is at least that. It is less than the rate that was refused. The next
// rate is in the middle, and from there it grows: slowly at first, because the
// limit is most likely still near, then faster and faster, until the limit is
// forgotten. Each throttle costs everyone a wait, but no capacity: what the server
// was given meanwhile lets the rate be a little too fast for some seconds.
type RateLimiter struct {
	next http.RoundTripper
	// RetryAfter is the function of this name, unless a test wants shorter waits.
	RetryAfter func(*http.Response) (wait time.Duration, short bool)

	last atomic.Pointer[throttle]
	// turn is held by the one request that waits for its time, while the others
	// wait for their turn.
	turn chan struct{}
	// start, if any, is how a limiter begins that would rather be slow than refused.
	start *slowStart
}

// throttle is what is known since the server has turned a request away.
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

// NewRateLimiter returns a limiter of the requests that go to next.
func NewRateLimiter(next http.RoundTripper) *RateLimiter {
	return &RateLimiter{next: next, RetryAfter: RetryAfter, turn: make(chan struct{}, 1)}
}

// NewCarefulRateLimiter returns a limiter that has few requests refused, at the price of
// a slower beginning: it is for servers that count a refused request as well.
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
		l.estimate() // what was on its way at the first throttle counts, too
	}
	return resp, err
}

// estimate lets a careful limiter begin after the first throttle with what the server has
// given until then.
func (l *RateLimiter) estimate() {
	first := l.last.Load()
	if first == nil || !first.isFirst {
		return
	}
	if next := l.estimated(first.at, first.until); next.limit > first.limit {
		l.last.CompareAndSwap(first, next)
	}
}

// estimated is the first throttle of a careful limiter, by what the server has given until
// now.
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
			// Of all that were on their way, one is enough to learn from.
			l.last.CompareAndSwap(last, next)
		}
	case last != nil:
		last.served.Add(1)
	}
	return resp, err
}

// wait returns when a request may be sent, and the last throttle before that, nil
// if there was none.
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

// then is the throttle after r, which is nil for the first.
func (r *throttle) then(wait time.Duration) *throttle {
	now := time.Now()
	next := &throttle{at: now, until: now.Add(wait), limit: rate.Inf, doubling: doublingTime}
	if r != nil {
		next.doubling = r.doubling
		// Less than a second tells too little.
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
	// The first one is not sent at once, or a Retry-After of 0 would not slow down.
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

// rateAt is the rate at a time after the wait, in requests a second.
func (r *throttle) rateAt(t time.Time) rate.Limit {
	if r.limit == rate.Inf {
		return rate.Inf
	}
	return r.limit * rate.Limit(r.growth(t))
}

// growth is how many times faster the rate is than right after the wait.
func (r *throttle) growth(t time.Time) float64 {
	x := max(t.Sub(r.until), 0).Seconds() / r.doubling.Seconds()
	return math.Exp2(x * x)
}
