package cloudfleet_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

// What is asked for goes wrong once: is it asked for again?
func TestWhatIsSentAgain(t *testing.T) {
	t.Parallel()
	notAPI := func(status int) http.Handler { return answer(status, "<html>") }
	wait := func(status int) http.Handler { return answer(status, "", "Retry-After", "0") }
	for _, test := range []struct {
		name  string
		fault http.Handler
		// again names the calls that are sent again, once.
		again map[string]bool
	}{
		{"400", notAPI(400), none},
		{"401", notAPI(401), none},
		{"403", notAPI(403), none},
		{"404", notAPI(404), none},
		{"404 with Retry-After", wait(404), none},
		{"409", notAPI(409), none},
		{"422", notAPI(422), none},
		{"429", notAPI(429), all},
		{"429 with Retry-After", wait(429), all},
		{"500", notAPI(500), repeatable},
		{"500 with Retry-After", wait(500), repeatable},
		{"501", notAPI(501), none},
		{"502", notAPI(502), repeatable},
		{"503", notAPI(503), repeatable},
		{"503 with Retry-After", wait(503), all},
		{"504", notAPI(504), repeatable},
		{"cut before the API", http.HandlerFunc(cut), repeatable},
	} {
		for _, name := range []string{"create", "get", "update", "regenerate", "delete", "list", "organization"} {
			t.Run(test.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				cloud := start(t)
				call := callNamed(t, name, cloud.newToken(t).ID)
				count := cloud.failFirst(1, test.fault)
				err := call.do(t.Context(), newClient(t, cloud.options))
				if test.again[name] {
					wantCount(t, count, 2)
					if err != nil {
						t.Error(err)
					}
					return
				}
				wantCount(t, count, 1)
				if err == nil {
					t.Error("got no error")
				}
			})
		}
	}
}

var (
	none       = map[string]bool{}
	repeatable = map[string]bool{"get": true, "update": true, "regenerate": true, "delete": true, "list": true, "organization": true}
	all        = map[string]bool{"create": true, "get": true, "update": true, "regenerate": true, "delete": true, "list": true, "organization": true}
)

func TestRegenerateAfterACutHasTheSecretThatCounts(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	token := cloud.newToken(t)
	count := cloud.actAndCut(2)
	got, err := newClient(t, cloud.options).RegenerateToken(t.Context(), token.ID)
	if err != nil {
		t.Fatal(err)
	}
	wantCount(t, count, 3)
	if !cloud.Accepts(token.ID, got.Secret) {
		t.Error("the secret is not accepted")
	}
}

func TestDeleteAfterACutFindsNothing(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	token := cloud.newToken(t)
	count := cloud.actAndCut(1)
	err := newClient(t, cloud.options).DeleteToken(t.Context(), token.ID)
	if !cloudfleet.IsNotFound(err) {
		t.Errorf("got %v", err)
	}
	wantCount(t, count, 2)
}

// A second create would leave behind a token whose secret nobody knows.
func TestCreateIsSentOnce(t *testing.T) {
	t.Parallel()
	t.Run("over a new connection", func(t *testing.T) {
		t.Parallel()
		cloud := start(t)
		wantOneCreate(t, cloud, newClient(t, cloud.options))
	})
	// net/http has a retry of its own for connections that have been used before,
	// and an Idempotency-Key invites it.
	t.Run("over a used connection", func(t *testing.T) {
		t.Parallel()
		cloud := start(t)
		c := newClient(t, cloud.options)
		if _, err := c.GetOrganization(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantOneCreate(t, cloud, c)
	})
}

func wantOneCreate(t *testing.T, cloud *cloud, c *cloudfleet.Client) {
	t.Helper()
	count := cloud.actAndCut(1)
	_, err := c.CreateToken(t.Context(), settings)
	if err == nil {
		t.Error("got no error")
	}
	if !cloudfleet.MayHaveActed(err) {
		t.Errorf("MayHaveActed denies what happened: %v", err)
	}
	wantCount(t, count, 1)
}

func TestMaxRetries(t *testing.T) {
	t.Parallel()
	for _, fault := range []struct {
		name    string
		handler http.Handler
		status  int
	}{
		{"429", answer(429, "", "Retry-After", "0"), 429},
		{"500", answer(500, ""), 500},
		{"cut", http.HandlerFunc(cut), 0},
	} {
		for _, retries := range []int{0, 1, 3} {
			t.Run(fault.name, func(t *testing.T) {
				t.Parallel()
				cloud := start(t)
				cloud.options.MaxRetries = retries
				count := cloud.failFirst(100, fault.handler)
				_, err := newClient(t, cloud.options).GetOrganization(t.Context())
				if err == nil || cloudfleet.StatusCode(err) != fault.status {
					t.Errorf("got %v, want the status %d", err, fault.status)
				}
				wantCount(t, count, int32(retries)+1)
			})
		}
	}
}

func TestRetryAfterIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		retryAfter func() string
		least      time.Duration
		most       time.Duration
	}{
		{"0", func() string { return "0" }, 0, time.Second},
		{"seconds", func() string { return "1" }, time.Second, 2 * time.Second},
		{"date", func() string { return time.Now().UTC().Add(2 * time.Second).Format(http.TimeFormat) }, 900 * time.Millisecond, 3 * time.Second},
		{"date in the past", func() string { return time.Now().UTC().Add(-time.Hour).Format(http.TimeFormat) }, 0, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cloud := start(t)
			count := cloud.failFirst(1, answer(429, "", "Retry-After", test.retryAfter()))
			c := newClient(t, cloud.options)
			begin := time.Now()
			if _, err := c.CreateToken(t.Context(), settings); err != nil {
				t.Fatal(err)
			}
			if waited := time.Since(begin); waited < test.least || waited > test.most {
				t.Errorf("waited %s, want %s to %s", waited, test.least, test.most)
			}
			wantCount(t, count, 2)
		})
	}
}

// Without RetryQuickly: the wait that a real run has.
func TestWaitWithoutRetryAfter(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	count := cloud.failFirst(1, answer(500, ""))
	c, err := cloudfleet.New(cloud.options)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if _, err := c.GetOrganization(t.Context()); err != nil {
		t.Error(err)
	}
	if waited := time.Since(begin); waited < time.Second || waited > 2*time.Second {
		t.Errorf("waited %s, want 1s", waited)
	}
	wantCount(t, count, 2)
}

func TestRetryAfterBeyondTwoMinutesIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	date := func(in time.Duration) string { return time.Now().UTC().Add(in).Format(http.TimeFormat) }
	for retryAfter, want := range map[string]bool{
		"0":                          true,
		"120":                        true,
		"121":                        false,
		"86400":                      false,
		"9999999999":                 false, // more nanoseconds than an int64 holds
		"18446744074":                false, // so many that they come to a short wait again
		"99999999999999999999":       false,
		date(time.Minute):            true,
		date(3 * time.Minute):        false,
		date(100 * 8766 * time.Hour): false,
	} {
		for _, status := range []int{429, 503} {
			for _, repeatable := range []bool{false, true} {
				ctx := cloudfleet.WithRepeatable(t.Context(), repeatable)
				resp := &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {retryAfter}}}
				if got, err := cloudfleet.CheckRetry(ctx, resp, nil); err != nil || got != want {
					t.Errorf("%d with Retry-After %s, repeatable %t: got %t, %v", status, retryAfter, repeatable, got, err)
				}
			}
		}
	}

	cloud := start(t)
	count := cloud.failFirst(100, answer(429, "", "Retry-After", "121"))
	_, err := newClient(t, cloud.options).GetOrganization(t.Context())
	wantCount(t, count, 1)
	if e, ok := errors.AsType[*cloudfleet.Error](err); !ok || e.RetryAfter != "121" || e.StatusCode != http.StatusTooManyRequests {
		t.Errorf("got %v, want what the server asks for", err)
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	for _, call := range calls(someID) {
		t.Run(call.name, func(t *testing.T) {
			t.Parallel()
			var attempts atomic.Int32
			err := call.do(t.Context(), newClient(t, cloudfleet.Options{
				Endpoint: "http://" + listener.Addr().String(), AccessTokenID: someID, AccessTokenSecret: someSecret, MaxRetries: 2,
				Log: func(context.Context, string, ...map[string]any) { attempts.Add(1) },
			}))
			wantError(t, err, "connection refused")
			if cloudfleet.MayHaveActed(err) {
				t.Error("nobody can have acted")
			}
			wantCount(t, &attempts, 3)
		})
	}
}
