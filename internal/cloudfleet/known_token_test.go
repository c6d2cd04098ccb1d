package cloudfleet_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

const notFoundBody = `{"code":"not_found","message":"Not yet."}`

// lagging answers 404 about each token until a time.
func (c *cloud) lagging(until time.Time) {
	c.Intercept(func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v1/organization" && r.Method != http.MethodPost && time.Now().Before(until) {
				answer(404, notFoundBody)(w, r)
				return
			}
			api.ServeHTTP(w, r)
		})
	})
}

// A server may find a token only seconds after it was issued.
func TestYoungTokenIsLookedForAgain(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, *cloudfleet.Client, cloudfleet.KnownToken) error{
		"read": func(ctx context.Context, c *cloudfleet.Client, k cloudfleet.KnownToken) error {
			_, err := c.GetTokenBatched(ctx, k)
			return err
		},
		"delete": func(ctx context.Context, c *cloudfleet.Client, k cloudfleet.KnownToken) error {
			return c.DeleteToken(ctx, k)
		},
	} {
		for age, wait := range map[time.Duration]bool{time.Second: true, -time.Minute: true, time.Hour: false} {
			t.Run(name+" at the age of "+age.String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cloud, c := inBubble(t, mockserver.Options{})
					token, _, err := c.CreateToken(t.Context(), settings)
					if err != nil {
						t.Fatal(err)
					}
					cloud.lagging(time.Now().Add(10 * time.Second))
					err = call(t.Context(), c, cloudfleet.KnownToken{ID: token.ID, IssuedAt: time.Now().Add(-age)})
					if wait && err != nil || !wait && !cloudfleet.IsNotFound(err) {
						t.Errorf("got %v", err)
					}
				})
			})
		}
	}
}

// A token that stays missing counts as gone after a limited time.
func TestYoungTokenThatStaysMissingIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c := inBubble(t, mockserver.Options{})
		begin := time.Now()
		cloud.lagging(begin.Add(time.Hour))
		_, err := c.GetTokenBatched(t.Context(), cloudfleet.KnownToken{ID: someID, IssuedAt: begin})
		if took := time.Since(begin); !cloudfleet.IsNotFound(err) || took < 10*time.Second || took > 30*time.Second {
			t.Errorf("got %v after %s", err, took)
		}
	})
}

// A page of a list that contradicts what is known is not used.
func TestPageThatLagsIsCheckedWithOneGet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c, ids := bubbleWith(t, 3)
		renamed := cloudfleet.TokenSettings{Name: "renamed", Role: settings.Role}
		cloud.onList(func(api http.Handler) http.Handler {
			before := httptest.NewRecorder()
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/tokens?limit=100", http.NoBody)
			request.SetBasicAuth(cloud.TokenID, cloud.TokenSecret)
			api.ServeHTTP(before, request)
			for _, id := range ids {
				if _, err := cloud.client(t).UpdateToken(t.Context(), id, renamed); err != nil {
					t.Error(err)
				}
			}
			return answer(200, before.Body.String())
		})
		var group sync.WaitGroup
		for _, id := range ids {
			group.Go(func() {
				token, err := c.GetTokenBatched(t.Context(), cloudfleet.KnownToken{ID: id, Settings: renamed})
				if err != nil || token.Name != "renamed" {
					t.Errorf("got %v, %v", token, err)
				}
			})
		}
		group.Wait()
	})
}

// The caller that makes the call for all may have less time than the others.
func TestOneDeadlineIsNotEverybodys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c, ids := bubbleWith(t, 1)
		cloud.Intercept(func(api http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(5 * time.Second)
				api.ServeHTTP(w, r)
			})
		})
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := c.GetToken(short, ids[0]); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) > 2*time.Second {
				t.Errorf("got %v after %s", err, time.Since(begin))
			}
		})
		synctest.Wait()
		group.Go(func() {
			if _, err := c.GetToken(t.Context(), ids[0]); err != nil {
				t.Error(err)
			}
		})
		group.Wait()
	})
}

func TestEndlessListEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c := inBubble(t, mockserver.Options{})
		page := 0
		cloud.onList(func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				page++
				next := "<?after=" + time.Duration(page).String() + `>; rel="next"`
				answer(200, `[]`, "Link", next)(w, r)
			})
		})
		for _, err := range c.ListTokens(t.Context()) {
			wantError(t, err, "more than 1000 pages")
			return
		}
		t.Error("the list ended without an error")
	})
}

// A list that hangs slows a refresh by seconds, once.
func TestListThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c, ids := bubbleWith(t, 50)
		cloud.onList(func(http.Handler) http.Handler { return http.HandlerFunc(hang) })
		begin := time.Now()
		for range 2 {
			read(t, c, 10, ids)
			time.Sleep(time.Minute)
		}
		if took := time.Since(begin) - 2*time.Minute; took > 30*time.Second {
			t.Errorf("two refreshes took %s", took)
		}
		if lists := cloud.calls()["list"]; lists != 1 {
			t.Errorf("asked for %d pages, want 1", lists)
		}
	})
}

// The search for leftovers ends, whatever happens to the list.
func TestLeftoversAreLookedForForAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c, ids := bubbleWith(t, 1)
		cloud.onList(func(http.Handler) http.Handler { return http.HandlerFunc(hang) })
		begin := time.Now()
		_, err := c.Leftovers(t.Context(), cloudfleet.Token{ID: ids[0]}, time.Second)
		if took := time.Since(begin); err == nil || took > 11*time.Second {
			t.Errorf("got %v after %s", err, took)
		}
	})
}

// A leftover was created while the create was ambiguous, by a clock with a resolution of
// seconds.
func TestLeftoversByTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c, ids := bubbleWith(t, 1)
		created := time.Date(2026, 3, 1, 12, 0, 10, 0, time.UTC)
		token := cloudfleet.Token{ID: ids[0], Name: "ci", Role: cloudfleet.RoleUser, CreatedAt: created}
		for at, want := range map[string]int{
			`"2026-03-01T12:00:10Z"`: 1, `"2026-03-01T12:00:08Z"`: 1, `"2026-03-01T12:00:07Z"`: 1, `"2026-03-01T12:00:06Z"`: 0, `null`: 1,
		} {
			cloud.onList(func(http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					_, _ = fmt.Fprintf(w, `[{"id": "2iKo4Asy51EUx2gpJFW76t", "name": "ci", "role": "User", "created_at": %s}]`, at)
				})
			})
			if leftovers, err := c.Leftovers(t.Context(), token, 2*time.Second); err != nil || len(leftovers) != want {
				t.Errorf("created at %s: %v, %v", at, leftovers, err)
			}
		}
	})
}

// If the organization is only stored for later, it is read once in a run, whether that
// succeeds or not.
func TestOrganizationToRememberIsAskedForOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c := inBubble(t, mockserver.Options{})
		cloud.failFirst(100, http.HandlerFunc(hang))
		begin := time.Now()
		for range 50 {
			if id := c.SeenOrganization(t.Context()); id != "" {
				t.Errorf("got %q", id)
			}
		}
		if took, calls := time.Since(begin), cloud.calls()["organization"]; took > 10*time.Second || calls != 1 {
			t.Errorf("took %s and %d calls", took, calls)
		}
	})
}
