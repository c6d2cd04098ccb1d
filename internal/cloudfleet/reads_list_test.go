package cloudfleet_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
)

// onList answers every request for a page by a handler.
func (c *cloud) onList(h func(api http.Handler) http.Handler) {
	c.Intercept(func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v1/tokens" && r.Method == http.MethodGet {
				h(api).ServeHTTP(w, r)
				return
			}
			api.ServeHTTP(w, r)
		})
	})
}

func TestListThatFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault http.Handler
		lists int
	}{
		"403":              {answer(403, `{"code":"forbidden","message":"No."}`), 1},
		"404":              {answer(404, `{"code":"not_found","message":"No."}`), 1},
		"500":              {answer(500, ""), 1},
		"cut":              {http.HandlerFunc(cut), 1},
		"HTML":             {answer(200, "<html>"), 1},
		"no list":          {answer(200, `{"tokens":[]}`), 1},
		"cut short":        {answer(200, `[{"id":"a","na`), 1},
		"empty":            {answer(200, `[]`), 1},
		"without IDs":      {answer(200, `[{"name":"ci"}]`), 1},
		"leads elsewhere":  {answer(200, `[]`, "Link", `<https://example.com/v1/tokens>; rel="next"`), 1},
		"goes in a circle": {answer(200, `[]`, "Link", `<?limit=100>; rel="next"`), 1},
		"too long a wait":  {answer(429, "", "Retry-After", "600"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud, c, ids := bubbleWith(t, 50)
				cloud.onList(func(http.Handler) http.Handler { return test.fault })
				read(t, c, 10, ids)
				calls := cloud.calls()
				if lists := calls["list"] + calls["refused"]; lists != test.lists || calls["get"] != len(ids) {
					t.Errorf("got %v, want %d pages and %d tokens", calls, test.lists, len(ids))
				}
			})
		})
	}
}

// A list may have fewer fields of a token than a GET.
func TestListThatSaysLess(t *testing.T) {
	t.Parallel()
	for _, less := range []string{"", `,"name":"ci","role":"User"`, `,"role":"User","created_at":"2026-01-02T03:04:05Z"`, `,"name":"ci","created_at":"2026-01-02T03:04:05Z"`} {
		synctest.Test(t, func(t *testing.T) {
			cloud, c, ids := bubbleWith(t, 3)
			body := fmt.Sprintf(`[{"id":%q%s},{"id":%q%s},{"id":%q%s}]`, ids[0], less, ids[1], less, ids[2], less)
			cloud.onList(func(http.Handler) http.Handler { return answer(200, body) })
			read(t, c, 3, ids)
			cloud.wantCalls(t, 1, 3)
		})
	}
}
