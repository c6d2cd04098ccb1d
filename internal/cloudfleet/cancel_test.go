package cloudfleet_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

func TestCancelledBeforeItIsSent(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	c := newClient(t, cloud.options)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, call := range calls(someID) {
		if err := call.do(ctx, c); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", call.name, err)
		}
	}
	if requests := cloud.Requests(); len(requests) > 0 {
		t.Errorf("requests were made: %v", requests)
	}
}

// cancelOnReceipt cancels the context of a call while the server has its request and has
// not answered.
func (c *cloud) cancelOnReceipt(cancel func()) *atomic.Int32 {
	var count atomic.Int32
	c.Intercept(func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			count.Add(1)
			cancel()
			time.Sleep(100 * time.Millisecond)
			api.ServeHTTP(w, r)
		})
	})
	return &count
}

func TestCreateIsSeenThrough(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	count := cloud.cancelOnReceipt(cancel)
	token, _, err := newClient(t, cloud.options).CreateToken(ctx, settings)
	if err != nil {
		t.Fatal(err)
	}
	if ctx.Err() == nil {
		t.Error("the context was not cancelled")
	}
	if !cloud.Accepts(token.ID, token.Secret) {
		t.Errorf("the token is not accepted: %s", token.ID)
	}
	wantCount(t, count, 1)
}

func TestRegenerateIsSeenThrough(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	id := cloud.newToken(t).ID
	// A deadline is an interruption as well.
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	count := cloud.cancelOnReceipt(func() {})
	token, _, err := newClient(t, cloud.options).RegenerateToken(ctx, cloudfleet.KnownToken{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	if ctx.Err() == nil {
		t.Error("the deadline was not reached")
	}
	if !cloud.Accepts(id, token.Secret) {
		t.Error("the secret is not accepted")
	}
	wantCount(t, count, 1)
}

func TestWritesAreSeenThroughAndReadsAreNot(t *testing.T) {
	t.Parallel()
	for name, through := range map[string]bool{
		"create": true, "update": true, "regenerate": true, "delete": true,
		"get": false, "list": false, "organization": false,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := start(t)
			call := callNamed(t, name, cloud.newToken(t).ID)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			count := cloud.cancelOnReceipt(cancel)
			err := call.do(ctx, newClient(t, cloud.options))
			if through && err != nil || !through && !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			wantCount(t, count, 1)
		})
	}
}

// A failure after the interruption is not retried, whether it may be or not.
func TestNoRetryOnceCancelled(t *testing.T) {
	t.Parallel()
	for _, call := range calls(someID) {
		t.Run(call.name, func(t *testing.T) {
			t.Parallel()
			cloud := start(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			count := cloud.failFirst(100, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				cancel()
				answer(http.StatusServiceUnavailable, "", "Retry-After", "0")(w, r)
			}))
			if err := call.do(ctx, newClient(t, cloud.options)); err == nil {
				t.Error("got no error")
			}
			wantCount(t, count, 1)
		})
	}
}

func TestSeeingThroughHasALimit(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	cloud.options.RequestTimeout = 200 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	count := cloud.failFirst(100, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		hang(w, r)
	}))
	begin := time.Now()
	_, _, err := newClient(t, cloud.options).CreateToken(ctx, settings)
	wantError(t, err, "request timeout of 200ms")
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
	if !cloudfleet.MayHaveActed(err) {
		t.Error("MayHaveActed is sure that nothing happened")
	}
	wantCount(t, count, 1)
}

func TestCancelledWhileWaitingForTheNextAttempt(t *testing.T) {
	t.Parallel()
	for _, call := range calls(someID) {
		t.Run(call.name, func(t *testing.T) {
			t.Parallel()
			cloud := start(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			count := cloud.failFirst(100, answer(http.StatusTooManyRequests, "", "Retry-After", "60"))
			cloud.options.Log = func(context.Context, string, ...map[string]any) {
				time.AfterFunc(200*time.Millisecond, cancel) // by then the wait has begun
			}
			begin := time.Now()
			if err := call.do(ctx, newClient(t, cloud.options)); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			if took := time.Since(begin); took > 3*time.Second {
				t.Errorf("it took %s", took)
			}
			wantCount(t, count, 1)
		})
	}
}
