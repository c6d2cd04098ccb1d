package cloudfleet

import (
	"context"
	"math"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

const (
	// paceTime is how long after a wait the pace has doubled. It is short enough to
	// notice within a run that a limit was lifted, and long enough for a limit that
	// still holds to be met only every few seconds.
	paceTime = 10 * time.Second
	// paceForgotten is how many times the pace has grown when the limit that it
	// came from is taken for lifted.
	paceForgotten = 8
	// paceMin is the slowest pace in requests a second. What is slower yet is in
	// the server's Retry-After.
	paceMin = 0.1
	// paceUnknown is the slowest pace, in requests a second, to begin with after
	// two refusals in a row: three for each of the ten that Terraform works on.
	paceUnknown = 30
)

// pace makes all requests of a client wait together when the server turns one
// away, and then finds the pace at which they are served. Without a refusal it
// does nothing.
//
// The first refusal only tells that the server has nothing left. What it serves
// from then on until it refuses again is what it has been given meanwhile, so the
// limit is at least that. It is less than the pace that was refused. The next
// pace is in the middle, and from there it grows: slowly at first, because the
// limit is most likely still near, then faster and faster, until the limit is
// forgotten. Each refusal costs everyone a wait, but no capacity: what the server
// was given meanwhile lets the pace be a little too fast for some seconds.
type pace struct {
	next http.RoundTripper
	last atomic.Pointer[refusal]
	// turn is held by the one request that waits for its time, while the others
	// wait for their turn.
	turn chan struct{}
}

// refusal is what is known since the server has turned a request away.
type refusal struct {
	at, until time.Time
	// limit is the pace in requests a second right after the wait.
	limit   rate.Limit
	limiter *rate.Limiter
	served  atomic.Int64
}

func newPace(next http.RoundTripper) *pace {
	return &pace{next: next, turn: make(chan struct{}, 1)}
}

func (p *pace) RoundTrip(req *http.Request) (*http.Response, error) {
	last, err := p.wait(req.Context())
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	resp, err := p.next.RoundTrip(req)
	switch {
	case err != nil:
	case turnedAway(resp):
		if wait, short := askedToWait(resp); short {
			// Of all that were on their way, one is enough to learn from.
			p.last.CompareAndSwap(last, last.then(wait))
		}
	case last != nil:
		last.served.Add(1)
	}
	return resp, err
}

// wait returns when a request may be sent, and the last refusal before that, nil
// if there was none.
func (p *pace) wait(ctx context.Context) (*refusal, error) {
	if p.last.Load() == nil {
		return nil, nil
	}
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		last := p.last.Load()
		if last == nil {
			return nil, nil
		}
		if last.growth(time.Now()) > paceForgotten {
			p.last.CompareAndSwap(last, nil)
			continue
		}
		if err := last.wait(ctx); err != nil {
			return nil, err
		}
		if p.last.Load() == last {
			return last, nil
		}
	}
}

// then is the refusal after r, which is nil for the first.
func (r *refusal) then(wait time.Duration) *refusal {
	now := time.Now()
	next := &refusal{at: now, until: now.Add(wait), limit: rate.Inf}
	if r != nil {
		// Less than a second tells too little.
		served := rate.Limit(float64(r.served.Load()) / max(now.Sub(r.at), time.Second).Seconds())
		if refused := r.paceAt(now); refused < rate.Inf {
			next.limit = max((served+refused)/2, paceMin)
		} else {
			next.limit = max(served, paceUnknown)
		}
	}
	next.limiter = rate.NewLimiter(next.limit, 1)
	// The first one is not sent at once, or a Retry-After of 0 would not slow down.
	next.limiter.AllowN(next.until, 1)
	return next
}

func (r *refusal) wait(ctx context.Context) error {
	now := time.Now()
	at := now
	if at.Before(r.until) {
		at = r.until
	}
	r.limiter.SetLimitAt(at, r.paceAt(at))
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

// paceAt is the pace at a time after the wait, in requests a second.
func (r *refusal) paceAt(t time.Time) rate.Limit {
	if r.limit == rate.Inf {
		return rate.Inf
	}
	return r.limit * rate.Limit(r.growth(t))
}

// growth is how many times faster the pace is than right after the wait.
func (r *refusal) growth(t time.Time) float64 {
	x := max(t.Sub(r.until), 0).Seconds() / paceTime.Seconds()
	return math.Exp2(x * x)
}
