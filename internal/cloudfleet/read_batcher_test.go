package cloudfleet_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

const latency = 50 * time.Millisecond

// bubbleWith is inBubble with n tokens in addition to the client's own. It returns their
// IDs, oldest first, as in the list.
func bubbleWith(t *testing.T, n int) (*cloud, *cloudfleet.Client, []string) {
	t.Helper()
	cloud, c := inBubble(t, mockserver.Options{Latency: latency})
	workers(100, make([]struct{}, n), func(struct{}) {
		if _, _, err := c.CreateToken(t.Context(), settings); err != nil {
			t.Error(err)
		}
	})
	var ids []string
	for _, token := range cloud.Tokens(cloud.OrganizationID)[1:] {
		ids = append(ids, token.ID)
	}
	cloud.ForgetRequests()
	return cloud, cloud.client(t), ids
}

// read reads tokens, this many at a time, and reports each that is missing or wrong.
func read(t *testing.T, c *cloudfleet.Client, atOnce int, ids []string) {
	t.Helper()
	workers(atOnce, ids, func(id string) {
		token, err := c.GetTokenBatched(t.Context(), cloudfleet.KnownToken{ID: id})
		if err != nil || token.ID != id || token.Name != settings.Name {
			t.Errorf("got %+v, %v", token, err)
		}
	})
}

func (c *cloud) wantCalls(t *testing.T, lists, gets int) {
	t.Helper()
	if n := c.calls(); n["list"] != lists || n["get"] != gets {
		t.Errorf("got %v, want %d pages and %d tokens", n, lists, gets)
	}
}

var orders = map[string]func([]string){
	"as listed": func([]string) {},
	"backwards": slices.Reverse[[]string],
	"shuffled": func(ids []string) {
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	},
}

func TestReadsOfARefreshShareThePages(t *testing.T) {
	t.Parallel()
	for name, order := range orders {
		for _, atOnce := range []int{3, 10, 100} {
			t.Run(fmt.Sprint(name, " by ", atOnce), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cloud, c, ids := bubbleWith(t, 1000)
					order(ids)
					begin := time.Now()
					read(t, c, atOnce, ids)
					if took := time.Since(begin); took > 20*latency {
						t.Errorf("took %s", took)
					}
					calls := cloud.calls()
					t.Log(calls)
					few := 0
					if atOnce < 10 {
						few = 10
					}
					if calls["list"] > 11 || calls["get"] > few || calls["organization"] > 1 {
						t.Errorf("got %v", calls)
					}
				})
			})
		}
	}
}

// Terraform with -parallelism=1 or 2.
func TestReadsOneByOne(t *testing.T) {
	t.Parallel()
	for name, order := range orders {
		for _, atOnce := range []int{1, 2} {
			t.Run(fmt.Sprint(name, " by ", atOnce), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cloud, c, ids := bubbleWith(t, 1000)
					order(ids)
					read(t, c, atOnce, ids)
					calls := cloud.calls()
					t.Log(calls)
					if calls["list"]+calls["get"] > 70 {
						t.Errorf("got %v", calls)
					}
				})
			})
		}
	}
}

func TestFewReads(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ reads, lists, gets int }{{1, 0, 1}, {2, 0, 2}, {3, 1, 0}, {10, 1, 0}} {
		synctest.Test(t, func(t *testing.T) {
			cloud, c, ids := bubbleWith(t, 20)
			begin := time.Now()
			read(t, c, 10, ids[:test.reads])
			cloud.wantCalls(t, test.lists, test.gets)
			// One latency is that of the check of the organization.
			if took := time.Since(begin); took > 2*latency+20*time.Millisecond {
				t.Errorf("%d reads took %s", test.reads, took)
			}
		})
	}
}

// The check of the organization gives a slow machine the time to start its reads.
func TestReadsComeTogetherAtTheOrganization(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c, ids := bubbleWith(t, 20)
		var group sync.WaitGroup
		for _, id := range ids[:3] {
			group.Go(func() { read(t, c, 1, []string{id}) })
			time.Sleep(21 * time.Millisecond) // longer than a read waits for company
		}
		group.Wait()
		cloud.wantCalls(t, 1, 0)
	})
}

func TestReadsAreNoCompanyOnceAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c, ids := bubbleWith(t, 20)
		read(t, c, 1, ids[:4])
		cloud.wantCalls(t, 0, 4)
	})
}

// Three tokens on no page do not cause all pages to be read.
func TestPagesThatBringNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c, ids := bubbleWith(t, 2500)
		read(t, c, 10, ids[:300])
		cloud.ForgetRequests()
		workers(3, []string{"gone1", "gone2", "gone3"}, func(id string) {
			if _, err := c.GetTokenBatched(t.Context(), cloudfleet.KnownToken{ID: id}); !cloudfleet.IsNotFound(err) {
				t.Errorf("got %v", err)
			}
		})
		cloud.wantCalls(t, 4, 3)
	})
}

// A state with few tokens of a large organization does not read all pages.
func TestFewReadsOfMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c, ids := bubbleWith(t, 2500)
		read(t, c, 5, ids[len(ids)-5:])
		cloud.wantCalls(t, 6, 5)
	})
}

// For all reads in any order, there is at most one page more than reads.
func TestPagesAreNoMoreThanReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, _, ids := bubbleWith(t, 3000)
		random := rand.New(rand.NewPCG(3, 4))
		for range 100 {
			type one struct {
				id    string
				pause time.Duration
			}
			var reads []one
			for range 3 + random.IntN(200) {
				r := one{ids[random.IntN(len(ids))], time.Duration(random.IntN(30)) * time.Millisecond}
				if random.IntN(2) == 0 {
					r.id = "gone" + strconv.Itoa(random.IntN(1000))
				}
				reads = append(reads, r)
			}
			cloud.ForgetRequests()
			c, atOnce := cloud.client(t), 1+random.IntN(20)
			workers(atOnce, reads, func(r one) {
				time.Sleep(r.pause)
				_, _ = c.GetTokenBatched(t.Context(), cloudfleet.KnownToken{ID: r.id})
			})
			if calls := cloud.calls(); calls["list"] > len(reads)+1 || calls["get"] > len(reads) {
				t.Errorf("%d reads, %d at once: %v", len(reads), atOnce, calls)
			}
		}
	})
}

func TestGoneIsConfirmedByTheAPI(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c, ids := bubbleWith(t, 150)
		elsewhere := cloud.client(t)
		gone := map[string]bool{}
		for i := 0; i < len(ids); i += 10 {
			gone[ids[i]] = true
			if err := elsewhere.DeleteToken(t.Context(), cloudfleet.KnownToken{ID: ids[i]}); err != nil {
				t.Fatal(err)
			}
		}
		cloud.ForgetRequests()
		workers(10, ids, func(id string) {
			if _, err := c.GetTokenBatched(
				t.Context(),
				cloudfleet.KnownToken{ID: id},
			); cloudfleet.IsNotFound(err) != gone[id] ||
				(err == nil) == gone[id] {
				t.Errorf("%s: %v", id, err)
			}
		})
		cloud.wantCalls(t, 2, len(gone))
	})
}

func TestGetTokenIsNeverAnsweredFromAPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c, ids := bubbleWith(t, 20)
		read(t, c, 10, ids[:10])
		workers(10, ids, func(id string) {
			if _, err := c.GetToken(t.Context(), id); err != nil {
				t.Error(err)
			}
		})
		cloud.wantCalls(t, 1, 20)
	})
}
