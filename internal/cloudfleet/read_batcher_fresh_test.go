package cloudfleet_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

var renamed = cloudfleet.TokenSettings{Name: "renamed", Role: cloudfleet.RoleAdministrator}

// wantName reads a token, and reports another name or an unexpected number of calls.
func (c *cloud) wantName(t *testing.T, client *cloudfleet.Client, id, name string, calls int) {
	t.Helper()
	c.ForgetRequests()
	if token, err := client.GetTokenBatched(t.Context(), cloudfleet.KnownToken{ID: id}); err != nil || token.Name != name {
		t.Errorf("got %q, %v, want %q", token.Name, err, name)
	}
	if n := len(c.Requests()); n != calls {
		t.Errorf("took %d calls, want %d", n, calls)
	}
}

func rename(t *testing.T, c *cloudfleet.Client, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if _, err := c.UpdateToken(t.Context(), id, renamed); err != nil {
			t.Error(err)
		}
	}
}

// The next refresh must see changes that others made since this one.
func TestPageIsUsedOnceAndNotForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c, ids := bubbleWith(t, 20)
		read(t, c, 10, ids[:10]) // the page says something of the other ten, too
		rename(t, cloud.client(t), ids...)

		cloud.wantName(t, c, ids[0], renamed.Name, 1) // was read before
		time.Sleep(25 * time.Second)
		cloud.wantName(t, c, ids[10], settings.Name, 0)
		cloud.wantName(t, c, ids[10], renamed.Name, 1)
		time.Sleep(5 * time.Second)
		cloud.wantName(t, c, ids[11], renamed.Name, 1)

		// Another refresh starts with new pages.
		cloud.ForgetRequests()
		workers(10, ids, func(id string) {
			if token, err := c.GetTokenBatched(t.Context(), cloudfleet.KnownToken{ID: id}); err != nil || token.Name != renamed.Name {
				t.Errorf("got %+v, %v", token, err)
			}
		})
		cloud.wantCalls(t, 1, 0)
	})
}

func TestOwnWritesAreSeenAtOnce(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"update", "regenerate", "delete"} {
		// The page is in flight when the write begins, or was there before.
		for _, page := range []string{"fetched", "on its way"} {
			t.Run(name+" "+page, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cloud, c, ids := bubbleWith(t, 20)
					id := ids[10]
					write := callNamed(t, name, id)
					cloud.onList(func(api http.Handler) http.Handler {
						return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							before := httptest.NewRecorder()
							api.ServeHTTP(before, r)
							if page == "on its way" {
								time.Sleep(4 * time.Second)
							}
							_, _ = before.Body.WriteTo(w)
						})
					})
					var group sync.WaitGroup
					group.Go(func() { read(t, c, 10, ids[:10]) })
					time.Sleep(2 * time.Second)
					if err := write.do(t.Context(), c); err != nil {
						t.Fatal(err)
					}
					want, wantErr := cloud.client(t).GetToken(t.Context(), id)
					begin := time.Now()
					got, err := c.GetTokenBatched(t.Context(), cloudfleet.KnownToken{ID: id})
					if took := time.Since(begin); took != latency {
						t.Errorf("took %s, want no wait for a page", took)
					}
					if got != want || cloudfleet.IsNotFound(err) != cloudfleet.IsNotFound(wantErr) {
						t.Errorf("got %+v, %v, want %+v, %v", got, err, want, wantErr)
					}
					group.Wait()
					if got, _ := c.GetTokenBatched(t.Context(), cloudfleet.KnownToken{ID: id}); got != want {
						t.Errorf("got %+v, want %+v", got, want)
					}
					cloud.wantCalls(t, 1, 3)
				})
			})
		}
	}
}

func TestOwnCreateIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c, ids := bubbleWith(t, 20)
		read(t, c, 10, ids)
		token, _, err := c.CreateToken(t.Context(), renamed)
		if err != nil {
			t.Fatal(err)
		}
		cloud.wantName(t, c, token.ID, renamed.Name, 1)
	})
}

// A cancelled read returns at once, whether it waits or fetches the page for the others,
// which still get their answers.
func TestCancelledReads(t *testing.T) {
	t.Parallel()
	for cancelled := range 5 {
		synctest.Test(t, func(t *testing.T) {
			cloud, c, ids := bubbleWith(t, 20)
			if _, err := c.GetToken(t.Context(), ids[0]); err != nil { // passes the organization
				t.Fatal(err)
			}
			cloud.ForgetRequests()
			var group sync.WaitGroup
			for i, id := range ids[:5] {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				group.Go(func() {
					begin := time.Now()
					token, err := c.GetTokenBatched(ctx, cloudfleet.KnownToken{ID: id})
					took := time.Since(begin)
					if i == cancelled {
						if !errors.Is(err, context.Canceled) || took != 10*time.Millisecond {
							t.Errorf("got %v after %s", err, took)
						}
						return
					}
					if err != nil || token.ID != id || took > 10*time.Millisecond+latency {
						t.Errorf("got %v, %v after %s", token.ID, err, took)
					}
				})
				synctest.Wait() // the third fetches
				if i == cancelled {
					time.AfterFunc(10*time.Millisecond, cancel)
				}
			}
			group.Wait()
			lists := 1
			if cancelled == 2 {
				lists = 2
			}
			cloud.wantCalls(t, lists, 0)
		})
	}
}

// The bubble ends only when nothing is left running in it.
func TestReadsLeaveNothingRunning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c, ids := bubbleWith(t, 300)
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for _, id := range ids {
			group.Go(func() { _, _ = c.GetTokenBatched(ctx, cloudfleet.KnownToken{ID: id}) })
		}
		time.Sleep(latency * 5 / 2)
		cloud.wantCalls(t, 1, 0) // and one is on its way
		begin := time.Now()
		cancel()
		group.Wait()
		if took := time.Since(begin); took > 0 {
			t.Errorf("it took %s", took)
		}
	})
}
