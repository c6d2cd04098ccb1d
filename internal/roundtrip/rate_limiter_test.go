package roundtrip

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
)

// A request that is cancelled during its wait lets the next one go.
func TestCancelledWaitLeavesItsPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const every = 4 * time.Second
		limited := (*throttle)(nil).then(0)
		limited.limit = rate.Every(every)
		limited.limiter = rate.NewLimiter(limited.limit, 1)
		if err := limited.wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := limited.wait(short); err == nil {
			t.Error("it did not wait")
		}
		if err := limited.wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took < every-time.Second || took > every {
			t.Errorf("the next request was sent after %s", took)
		}
	})
}

// The limits are meant as they stand: a wait of ten seconds is long, and thirty are enough.
func TestLimitsOfPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := (*throttle)(nil).then(0)
		time.Sleep(patience)
		if !first.then(time.Second).gaveUp {
			t.Error("it goes on after its patience is over")
		}
	})
	limiter := NewRateLimiter(answering(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"10"}}, Body: http.NoBody}, nil
	}))
	warned := false
	limiter.Warn = func(context.Context, string, ...map[string]any) { warned = true }
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := limiter.RoundTrip(req); err != nil || resp.Body.Close() != nil || !warned {
		t.Errorf("%v, warned: %t", err, warned)
	}
}
