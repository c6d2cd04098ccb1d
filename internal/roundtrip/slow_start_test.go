package roundtrip

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
)

// limited is a server that serves this many requests a second, and the first ones without
// a wait.
type limited struct {
	limiter *rate.Limiter
	refused atomic.Int32
}

func (s *limited) RoundTrip(*http.Request) (*http.Response, error) {
	resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}
	if !s.limiter.Allow() {
		s.refused.Add(1)
		resp.StatusCode = http.StatusTooManyRequests
		resp.Header.Set("Retry-After", "1")
	}
	time.Sleep(5 * time.Millisecond)
	return resp, nil
}

// get repeats a request until it is served, and panics if it never is.
func get(l *RateLimiter, t *testing.T) {
	for range 10 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/", nil)
		if err != nil {
			panic(err)
		}
		resp, err := l.RoundTrip(req)
		if err != nil {
			panic(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return
		}
	}
	panic("never served")
}

// Ten concurrent callers reach a limit with few throttled requests, and use it fully.
func TestCarefulLimiter(t *testing.T) {
	t.Parallel()
	for perSecond, factor := range map[int]float64{5: 1.1, 10: 1.25} {
		synctest.Test(t, func(t *testing.T) {
			server := &limited{limiter: rate.NewLimiter(rate.Limit(perSecond), perSecond)}
			limiter := NewCarefulRateLimiter(server)
			requests := 12 * perSecond
			todo := make(chan struct{})
			var callers sync.WaitGroup
			for range 10 {
				callers.Go(func() {
					for range todo {
						get(limiter, t)
					}
				})
			}
			begin := time.Now()
			for range requests {
				todo <- struct{}{}
			}
			close(todo)
			callers.Wait()
			took, least := time.Since(begin).Seconds(), float64(requests)/float64(perSecond)
			if refused := int(server.refused.Load()); refused*20 > requests+refused || took > factor*least {
				t.Errorf("%d a second: %d of %d refused, after %.1f s", perSecond, refused, requests+refused, took)
			}
		})
	}
}

// Without a limit only the first rounds take longer.
func TestCarefulLimiterWithoutLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &limited{limiter: rate.NewLimiter(rate.Inf, 1)}
		limiter := NewCarefulRateLimiter(server)
		var callers sync.WaitGroup
		begin := time.Now()
		for range 10 {
			callers.Go(func() {
				for range 30 {
					get(limiter, t)
				}
			})
		}
		callers.Wait()
		if took := time.Since(begin); took > 250*time.Millisecond {
			t.Errorf("300 requests of 5 ms took %s", took)
		}
	})
}
