package cloudfleet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// creates sends n creates with ten workers of each client at once, and returns how long
// that took.
func creates(t *testing.T, n int, clients ...*cloudfleet.Client) time.Duration {
	t.Helper()
	begin := time.Now()
	var group sync.WaitGroup
	for _, c := range clients {
		group.Go(func() {
			workers(10, make([]struct{}, n), func(struct{}) {
				if _, _, err := c.CreateToken(t.Context(), settings); err != nil {
					t.Error(err)
				}
			})
		})
	}
	group.Wait()
	return time.Since(begin)
}

func TestRateLimitIsUsedFully(t *testing.T) {
	t.Parallel()
	const limit, n = 50, 1000
	for _, clients := range []int{1, 2, 4} {
		for _, latency := range []time.Duration{0, 10 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond} {
			t.Run(fmt.Sprint(clients, " at ", latency), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cloud, first := inBubble(t, mockserver.Options{Latency: latency, RateLimit: limit})
					all := []*cloudfleet.Client{first}
					for len(all) < clients {
						all = append(all, cloud.client(t))
					}
					took, ideal := creates(t, n, all...), time.Duration(clients*n)*time.Second/limit
					refused := cloud.calls()["refused"]
					t.Logf("took %s, with %d refused", took, refused)
					most := ideal * 11 / 10
					if clients > 1 {
						most = ideal * 12 / 10 // the last one has to notice that it is alone
					}
					if took > most {
						t.Errorf("took %s, want at most %s", took, most)
					}
					if refused*20 >= clients*n {
						t.Errorf("%d of %d were refused, want less than 5%%", refused, clients*n)
					}
					if got := len(cloud.Tokens(cloud.OrganizationID)); got != 1+clients*n {
						t.Errorf("%d tokens", got)
					}
				})
			})
		}
	}
}

// Servers with less information or without bursts: all calls succeed, at half the limit
// or more.
func TestOtherLimits(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		perSecond  rate.Limit
		burst      int
		status     int
		retryAfter []string
	}{
		"no burst":       {50, 1, 429, []string{"Retry-After", "1"}},
		"small burst":    {50, 10, 429, []string{"Retry-After", "1"}},
		"503":            {50, 50, 503, []string{"Retry-After", "1"}},
		"at once":        {50, 50, 429, []string{"Retry-After", "0"}},
		"no Retry-After": {50, 50, 429, nil},
		"past date":      {50, 50, 429, []string{"Retry-After", "Sat, 01 Jan 2000 00:00:00 GMT"}},
		"few":            {5, 5, 429, []string{"Retry-After", "1"}},
		"many":           {500, 500, 429, []string{"Retry-After", "1"}},
		"30 a minute":    {0.5, 30, 429, []string{"Retry-After", "2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, c := inBubble(t, mockserver.Options{Latency: 5 * time.Millisecond})
				cloud.refuseAbove(rate.NewLimiter(test.perSecond, test.burst), answer(test.status, "", test.retryAfter...))
				n := max(int(20*test.perSecond), 100)
				took, ideal := creates(t, n, c), time.Duration(float64(n)/float64(test.perSecond)*float64(time.Second))
				t.Logf("took %s of %s, with %d requests for %d", took, ideal, len(cloud.Requests()), n)
				if took > 2*ideal {
					t.Errorf("took %s, want less than twice %s", took, ideal)
				}
			})
		})
	}
}

// refuseAbove throttles in its own way instead of the mock server's.
func (c *cloud) refuseAbove(limiter *rate.Limiter, refusal http.Handler) {
	c.Intercept(func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if limiter.Allow() {
				api.ServeHTTP(w, r)
				return
			}
			refusal.ServeHTTP(w, r)
		})
	})
}

func TestNoRefusalNoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c := inBubble(t, mockserver.Options{Latency: 10 * time.Millisecond})
		if took := creates(t, 1000, c); took != 1010*time.Millisecond {
			t.Errorf("took %s, want the latency of a hundred creates and of one look at the organization", took)
		}
		// A server error does not slow down others: one waits, nine go on.
		cloud.failFirst(1, answer(http.StatusServiceUnavailable, ""))
		if took := creates(t, 1000, c); took > 1200*time.Millisecond {
			t.Errorf("took %s", took)
		}
	})
}

func TestLiftedLimitIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c := inBubble(t, mockserver.Options{Latency: 10 * time.Millisecond})
		cloud.refuseAbove(rate.NewLimiter(20, 20), answer(429, "", "Retry-After", "1"))
		creates(t, 200, c)
		cloud.Intercept(nil)
		took := creates(t, 1000, c)
		t.Logf("took %s", took)
		if took > 20*time.Second { // 50 s at the old limit
			t.Errorf("took %s", took)
		}
		if took := creates(t, 1000, c); took != time.Second {
			t.Errorf("then took %s, want the latency of a hundred creates", took)
		}
	})
}

// Requests in flight are throttled, and no other is sent before the time, not even one
// that starts meanwhile and may not be retried.
func TestAllWaitOnce(t *testing.T) {
	t.Parallel()
	inAMinute := func() string { return time.Now().UTC().Add(time.Minute).Format(http.TimeFormat) }
	for name, test := range map[string]struct {
		status     int
		retryAfter func() string
		wait       time.Duration
	}{
		"429":      {429, func() string { return "7" }, 7 * time.Second},
		"503":      {503, func() string { return "7" }, 7 * time.Second},
		"longest":  {429, func() string { return "120" }, 2 * time.Minute},
		"date":     {429, inAMinute, time.Minute},
		"unsaid":   {429, func() string { return "" }, time.Second},
		"too long": {429, func() string { return "121" }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, _ := inBubble(t, mockserver.Options{Latency: 10 * time.Millisecond})
				cloud.options.OrganizationID, cloud.options.MaxRetries = "", 0
				c := cloud.client(t)
				count := cloud.failFirst(5, answer(test.status, "", "Retry-After", test.retryAfter()))
				begin := time.Now()
				workers(5, make([]struct{}, 5), func(struct{}) {
					if _, err := c.GetOrganization(t.Context()); cloudfleet.StatusCode(err) != test.status {
						t.Errorf("got %v", err)
					}
				})
				wantCount(t, count, 5)
				workers(20, make([]struct{}, 20), func(struct{}) {
					if _, err := c.GetOrganization(t.Context()); err != nil {
						t.Error(err)
					}
					if took := time.Since(begin); took < test.wait || took > test.wait+100*time.Millisecond {
						t.Errorf("answered after %s, want %s", took, test.wait)
					}
				})
				wantCount(t, count, 25)
			})
		})
	}
}

func TestCancelledWhileAllWait(t *testing.T) {
	t.Parallel()
	for _, call := range calls(someID) {
		t.Run(call.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, _ := inBubble(t, mockserver.Options{})
				cloud.options.OrganizationID, cloud.options.MaxRetries = "", 0
				c := cloud.client(t)
				count := cloud.failFirst(1, answer(429, "", "Retry-After", "60"))
				_, _ = c.GetOrganization(t.Context())
				begin := time.Now()
				// The second waits for turn, behind the first.
				workers(2, []time.Duration{10 * time.Second, 5 * time.Second}, func(timeout time.Duration) {
					ctx, cancel := context.WithTimeout(t.Context(), timeout)
					defer cancel()
					err := call.do(ctx, c)
					if !errors.Is(err, context.DeadlineExceeded) || cloudfleet.MayHaveActed(err) || time.Since(begin) != timeout {
						t.Errorf("got %v after %s, want the end at %s", err, time.Since(begin), timeout)
					}
				})
				wantCount(t, count, 1)
				// A cancelled request does not hold turn.
				if _, err := c.GetOrganization(t.Context()); err != nil || time.Since(begin) != time.Minute {
					t.Errorf("got %v after %s", err, time.Since(begin))
				}
			})
		})
	}
}

// The body of a request that is not sent is closed, as net/http requires of a
// RoundTripper.
func TestCancelledWaitClosesTheBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := cloudfleet.NewRateLimiter(mockserver.InMemory{Handler: answer(429, "", "Retry-After", "60")})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for _, refused := range []bool{true, false} {
			body := &closer{Reader: strings.NewReader("{}")}
			req := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1/v1/tokens", body)
			resp, err := p.RoundTrip(req)
			if (err == nil) != refused || !body.closed {
				t.Errorf("got %v, the body is closed: %t", err, body.closed)
			}
			if err == nil {
				_ = resp.Body.Close()
			}
		}
	})
}

type closer struct {
	io.Reader
	closed bool
}

func (c *closer) Close() error {
	c.closed = true
	return nil
}

// With a server that throttles everything, each call ends after its attempts, or when the
// limiter gives up. They slow down, whatever the server says.
func TestRefusedForGood(t *testing.T) {
	t.Parallel()
	for _, retryAfter := range []string{"0", "1", ""} {
		synctest.Test(t, func(t *testing.T) {
			cloud, c := inBubble(t, mockserver.Options{})
			if _, err := c.GetOrganization(t.Context()); err != nil {
				t.Fatal(err)
			}
			count := cloud.failFirst(1000, answer(429, "", "Retry-After", retryAfter))
			begin := time.Now()
			var failed atomic.Int32
			workers(10, make([]struct{}, 10), func(struct{}) {
				_, _, err := c.CreateToken(t.Context(), settings)
				_, gaveUp := errors.AsType[roundtrip.GaveUpError](err)
				if !gaveUp && cloudfleet.StatusCode(err) != 429 || cloudfleet.MayHaveActed(err) {
					t.Errorf("got %v", err)
				}
				failed.Add(1)
			})
			wantCount(t, &failed, 10)
			if took := time.Since(begin); took < 3*time.Second || took > time.Minute || count.Load() > 10*(cloudfleet.DefaultMaxRetries+1) {
				t.Errorf("%q: all over after %s and %d requests", retryAfter, took, count.Load())
			}
		})
	}
}

// A server that never stops to throttle is left alone after two waits: the other reads fail
// at once, instead of each waiting by itself for minutes.
func TestRefusedForHours(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, _ := inBubble(t, mockserver.Options{})
		var warned atomic.Int32
		cloud.options.Warn = func(_ context.Context, _ string, fields ...map[string]any) {
			if warned.Add(1) == 1 && fields[0]["seconds"] != 120 {
				t.Errorf("it warns of %v", fields)
			}
		}
		c := cloud.client(t)
		if _, err := c.GetOrganization(t.Context()); err != nil {
			t.Fatal(err)
		}
		count := cloud.failFirst(1_000_000, answer(429, "", "Retry-After", "120"))
		begin := time.Now()
		var failed atomic.Int32
		workers(10, make([]struct{}, 200), func(struct{}) {
			_, err := c.GetToken(t.Context(), someID)
			if _, gaveUp := errors.AsType[roundtrip.GaveUpError](err); !gaveUp && cloudfleet.StatusCode(err) != 429 {
				t.Errorf("got %v", err)
			}
			failed.Add(1)
		})
		if took := time.Since(begin); failed.Load() != 200 || took < 4*time.Minute || took > 4*time.Minute+10*time.Second {
			t.Errorf("%d reads have failed after %s and %d requests", failed.Load(), took, count.Load())
		}
		if warned.Load() != 3 { // of two waits, and of the end
			t.Errorf("it has warned %d times", warned.Load())
		}
		time.Sleep(2 * time.Minute)
		cloud.Intercept(nil)
		if _, err := c.GetOrganization(t.Context()); err != nil {
			t.Errorf("when the server serves again: %v", err)
		}
	})
}
