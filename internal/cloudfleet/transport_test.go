package cloudfleet_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// A request fails once: is it sent again?
func TestWhatIsSentAgain(t *testing.T) {
	t.Parallel()
	notAPI := func(status int) http.Handler { return answer(status, "<html>") }
	wait := func(status int) http.Handler { return answer(status, "", "Retry-After", "0") }
	for _, test := range []struct {
		name  string
		fault http.Handler
		again bool
	}{
		{"400", notAPI(400), false},
		{"401", notAPI(401), false},
		{"403", notAPI(403), false},
		{"404", notAPI(404), false},
		{"404 with Retry-After", wait(404), false},
		{"409", notAPI(409), false},
		{"422", notAPI(422), false},
		{"429", notAPI(429), true},
		{"429 with Retry-After", wait(429), true},
		{"500", notAPI(500), true},
		{"500 with Retry-After", wait(500), true},
		{"501", notAPI(501), false},
		{"502", notAPI(502), true},
		{"503", notAPI(503), true},
		{"503 with Retry-After", wait(503), true},
		{"504", notAPI(504), true},
		{"cut before the API", http.HandlerFunc(cut), true},
	} {
		for _, name := range []string{"create", "get", "read", "update", "regenerate", "delete", "list", "organization"} {
			t.Run(test.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				cloud := start(t)
				call := callNamed(t, name, cloud.newToken(t).ID)
				count := cloud.failFirst(1, test.fault)
				err := call.do(t.Context(), newClient(t, cloud.options))
				if test.again {
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

func TestRegenerateAfterACutHasTheSecretThatCounts(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	token := cloud.newToken(t)
	count := cloud.actAndCut(2)
	got, _, err := newClient(t, cloud.options).RegenerateToken(t.Context(), cloudfleet.KnownToken{ID: token.ID})
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
	err := newClient(t, cloud.options).DeleteToken(t.Context(), cloudfleet.KnownToken{ID: token.ID})
	if !cloudfleet.IsNotFound(err) {
		t.Errorf("got %v", err)
	}
	wantCount(t, count, 3) // the second finds nothing, and the organization confirms it
}

// A server that honours the key answers the second create with the token of the first.
// One that ignores it leaves a token behind whose secret is lost.
func TestCreateAfterACut(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ignoreKey, usedConnection bool
		leftovers                 int
	}{
		"key honoured": {},
		"key ignored":  {ignoreKey: true, leftovers: 2},
		// net/http itself retries on a used connection if there is an Idempotency-Key.
		"key ignored, used connection": {ignoreKey: true, usedConnection: true, leftovers: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var earlier atomic.Bool
			now := func() time.Time {
				if earlier.Load() {
					return time.Now().Add(-time.Hour)
				}
				return time.Now()
			}
			cloud := startWith(t, mockserver.Options{IgnoreIdempotencyKey: test.ignoreKey, Now: now})
			earlier.Store(true)
			for _, other := range []cloudfleet.TokenSettings{settings, {Name: "other", Role: settings.Role}} {
				mustCreate(t, newClient(t, cloud.options), other)
			}
			earlier.Store(false)
			elsewhere := newClient(t, cloud.options)
			c := newClient(t, cloud.options)
			if test.usedConnection {
				if _, err := c.GetOrganization(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			count := cloud.actAndCut(2)
			token, ambiguous, err := c.CreateToken(t.Context(), settings)
			if err != nil {
				t.Fatal(err)
			}
			wantCount(t, count, 3)
			if !cloud.Accepts(token.ID, token.Secret) {
				t.Error("the token is not accepted")
			}
			if ambiguous <= 0 || ambiguous > 10*time.Second {
				t.Errorf("ambiguous for %s", ambiguous)
			}
			mustCreate(t, elsewhere, cloudfleet.TokenSettings{Name: settings.Name, Role: cloudfleet.RoleAdministrator})
			mustCreate(t, elsewhere, cloudfleet.TokenSettings{Name: "other", Role: settings.Role})
			leftovers, err := c.Leftovers(t.Context(), token, ambiguous)
			if err != nil || len(leftovers) != test.leftovers {
				t.Errorf("got %v, %v, want %d", leftovers, err, test.leftovers)
			}
			for _, l := range leftovers {
				if l.ID == token.ID || l.Name != settings.Name || l.Role != settings.Role {
					t.Errorf("%+v is no leftover of %+v", l, token)
				}
			}
		})
	}
}

func mustCreate(t *testing.T, c *cloudfleet.Client, s cloudfleet.TokenSettings) {
	t.Helper()
	if _, _, err := c.CreateToken(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

func TestUnambiguousCreate(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	count := cloud.failFirst(1, answer(429, "", "Retry-After", "0"))
	if _, ambiguous, err := newClient(t, cloud.options).CreateToken(t.Context(), settings); err != nil || ambiguous != 0 {
		t.Errorf("got %s, %v", ambiguous, err)
	}
	wantCount(t, count, 2)
}

// A known result of the last attempt says nothing about the earlier ones.
func TestAmbiguityOutlivesLaterAttempts(t *testing.T) {
	t.Parallel()
	for _, status := range []int{401, 409, 429} {
		for _, name := range []string{"create", "regenerate"} {
			cloud := start(t)
			call := callNamed(t, name, cloud.newToken(t).ID)
			var count atomic.Int32
			cloud.Intercept(func(api http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if count.Add(1) > 1 {
						answer(status, "", "Retry-After", "0")(w, r)
						return
					}
					api.ServeHTTP(httptest.NewRecorder(), r)
					cut(w, r)
				})
			})
			err := call.do(t.Context(), newClient(t, cloud.options))
			if cloudfleet.StatusCode(err) != status || !cloudfleet.MayHaveActed(err) {
				t.Errorf("%s, %d: MayHaveActed denies what happened: %v", name, status, err)
			}
		}
	}
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
	for retryAfter, want := range map[string]time.Duration{
		"":                         time.Second,
		"0":                        time.Second,
		"-5":                       time.Second,
		"soon":                     time.Second,
		"1":                        time.Second,
		"1.2":                      2 * time.Second,
		"19.5":                     20 * time.Second,
		"2 minutes before Date":    time.Second,
		"30 seconds after Date":    30 * time.Second,
		"30 seconds, without Date": 30 * time.Second,
	} {
		t.Run(retryAfter, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, c := inBubble(t, mockserver.Options{})
				server := time.Now().Add(-5 * time.Minute) // its clock is off
				headers := []string{"Retry-After", retryAfter}
				at := func(offset time.Duration) string { return server.Add(offset).UTC().Format(http.TimeFormat) }
				switch retryAfter {
				case "2 minutes before Date":
					headers = []string{"Retry-After", at(-2 * time.Minute), "Date", at(0)}
				case "30 seconds after Date":
					headers = []string{"Retry-After", at(30 * time.Second), "Date", at(0)}
				case "30 seconds, without Date":
					headers = []string{"Retry-After", at(5*time.Minute + 30*time.Second)}
				}
				cloud.failFirst(1, answer(429, "", headers...))
				begin := time.Now()
				if _, err := c.GetOrganization(t.Context()); err != nil {
					t.Fatal(err)
				}
				if waited := time.Since(begin); waited != want {
					t.Errorf("waited %s, want %s", waited, want)
				}
			})
		})
	}
}

// A server that asks for no wait is not called faster than one without Retry-After.
func TestRetryAfterDoesNotShortenTheBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c := inBubble(t, mockserver.Options{})
		cloud.failFirst(100, answer(429, "", "Retry-After", "0"))
		begin := time.Now()
		_, err := c.GetOrganization(t.Context())
		if waited := time.Since(begin); err == nil || waited < 15*time.Second {
			t.Errorf("got %v after %s, want 1 + 2 + 4 + 8 seconds of waits", err, waited)
		}
	})
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
			resp := &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {retryAfter}}}
			if got, err := cloudfleet.CheckRetry(t.Context(), resp, nil); err != nil || got != want {
				t.Errorf("%d with Retry-After %s: got %t, %v", status, retryAfter, got, err)
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
