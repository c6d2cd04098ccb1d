package mockserver_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

func TestLifeOfAToken(t *testing.T) {
	t.Parallel()
	a := start(t, mockserver.Options{})
	created := a.create(t, "ci")
	if created.Name != "ci" || created.Role != "User" || !a.Accepts(created.ID, created.Secret) {
		t.Errorf("created %+v", created)
	}
	if at, err := time.Parse(
		time.RFC3339,
		created.CreatedAt,
	); err != nil || !strings.HasSuffix(created.CreatedAt, "Z") ||
		time.Since(at) > time.Minute {
		t.Errorf("created_at is %q", created.CreatedAt)
	}
	path := "/tokens/" + created.ID

	want := created
	want.Secret = "" // it is shown once
	if got := a.call(t, http.MethodGet, path, "").token(t); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}

	updated := a.call(t, http.MethodPut, path, settings("cd", "Administrator")).token(t)
	want.Name, want.Role, want.UpdatedAt = "cd", "Administrator", updated.UpdatedAt
	if updated != want || updated.UpdatedAt == created.UpdatedAt {
		t.Errorf("updated to %+v, want %+v", updated, want)
	}
	if got := a.call(t, http.MethodGet, path, "").token(t); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}

	regenerated := a.call(t, http.MethodPost, path+"/regenerate", "").token(t)
	if regenerated.ID != created.ID || regenerated.Secret == created.Secret || regenerated.UpdatedAt == updated.UpdatedAt {
		t.Errorf("regenerated %+v", regenerated)
	}

	deleted := a.call(t, http.MethodDelete, path, "")
	if deleted.status != http.StatusNoContent || deleted.body != "" {
		t.Errorf("deleted with %+v", deleted)
	}
	for _, e := range endpointsOf(created.ID) {
		wantError(t, a.call(t, e.method, e.path, e.body), http.StatusNotFound, "not_found")
	}
}

func TestNamesNeedNotBeUnique(t *testing.T) {
	t.Parallel()
	a := start(t, mockserver.Options{})
	first, second := a.create(t, "ci"), a.create(t, "ci")
	if first.ID == second.ID {
		t.Error("two tokens have one ID")
	}
}

func TestSettingsThatAreNotValid(t *testing.T) {
	a := start(t, mockserver.Options{})
	id := a.create(t, "ci").ID
	for name, test := range map[string]struct {
		body   string
		fields []string
	}{
		"no name":            {`{"role":"User"}`, []string{"name"}},
		"no role":            {`{"name":"ci"}`, []string{"role"}},
		"nothing":            {`{}`, []string{"name", "role"}},
		"null":               {`{"name":null,"role":null}`, []string{"name", "role"}},
		"name is a number":   {`{"name":7,"role":"User"}`, []string{"name"}},
		"role is a list":     {`{"name":"ci","role":["User"]}`, []string{"role"}},
		"name is empty":      {settings("", "User"), []string{"name"}},
		"name is too long":   {settings(strings.Repeat("ü", 256), "User"), []string{"name"}},
		"line break in name": {`{"name":"a\nb","role":"User"}`, []string{"name"}},
		"space at the end":   {settings("ci ", "User"), []string{"name"}},
		"unknown role":       {settings("ci", "Owner"), []string{"role"}},
		"role in lower case": {settings("ci", "user"), []string{"role"}},
		"id":                 {`{"name":"ci","role":"User","id":"x"}`, []string{"id"}},
		"secret":             {`{"name":"ci","role":"User","secret":"x"}`, []string{"secret"}},
		"created_at":         {`{"name":"ci","role":"User","created_at":"x"}`, []string{"created_at"}},
		"updated_at":         {`{"name":"ci","role":"User","updated_at":"x"}`, []string{"updated_at"}},
		"unknown field":      {`{"name":"ci","role":"User","scope":"x"}`, []string{"scope"}},
		"all at once":        {`{"name":"","id":"x"}`, []string{"id", "name", "role"}},
	} {
		for _, e := range []endpoint{{http.MethodPost, "/tokens", test.body}, {http.MethodPut, "/tokens/" + id, test.body}} {
			t.Run(name+"/"+e.method, func(t *testing.T) {
				got := a.call(t, e.method, e.path, e.body)
				wantError(t, got, http.StatusUnprocessableEntity, "validation_failed")
				var fields []string
				for _, d := range decode[apiError](t, got).Details {
					fields = append(fields, d.Field)
					if d.Message == "" {
						t.Errorf("nothing is said about %s", d.Field)
					}
				}
				slices.Sort(fields)
				if !slices.Equal(fields, test.fields) {
					t.Errorf("got the fields %v, want %v", fields, test.fields)
				}
			})
		}
	}
	if tokens := a.Tokens(a.OrganizationID); len(tokens) != 2 || tokens[1].Name != "ci" {
		t.Errorf("something was done: %v", tokens)
	}
}

func TestSettingsAtTheirLimits(t *testing.T) {
	t.Parallel()
	a := start(t, mockserver.Options{})
	for _, name := range []string{"a", strings.Repeat("a", 255), strings.Repeat("ü", 255), "two words", `"<&>"`} {
		if got := a.create(t, name); got.Name != name {
			t.Errorf("got %q, want %q", got.Name, name)
		}
	}
}

func TestBrokenJSON(t *testing.T) {
	a := start(t, mockserver.Options{})
	id := a.create(t, "before").ID
	for _, body := range []string{"", "{", `{"name":"ci"`, "name=ci", `[]`, `"ci"`, settings("ci", "User") + "}", settings("ci", "User") + "{}"} {
		for _, e := range []endpoint{{http.MethodPost, "/tokens", body}, {http.MethodPut, "/tokens/" + id, body}} {
			t.Run(e.method+" "+body, func(t *testing.T) {
				wantError(t, a.call(t, e.method, e.path, e.body), http.StatusBadRequest, "invalid_json")
			})
		}
	}
	if tokens := a.Tokens(a.OrganizationID); len(tokens) != 2 || tokens[1].Name != "before" {
		t.Errorf("something was done: %v", tokens)
	}
}

var nextLink = regexp.MustCompile(`^<([^>]+)>; rel="next"$`)

// list follows the links, from path on, and returns the names of each page.
func (a api) list(t *testing.T, path string) (pages [][]string) {
	t.Helper()
	for {
		got := a.call(t, http.MethodGet, path, "")
		wantStatus(t, got, http.StatusOK)
		var names []string
		for _, token := range decode[[]token](t, got) {
			names = append(names, token.Name)
			if token.Secret != "" {
				t.Errorf("%s is listed with its secret", token.Name)
			}
		}
		pages = append(pages, names)
		link := got.header.Get("Link")
		if link == "" {
			return pages
		}
		target := nextLink.FindStringSubmatch(link)
		if target == nil {
			t.Fatalf("the Link is %q", link)
		}
		next, err := url.Parse(target[1])
		if err != nil || next.Scheme+"://"+next.Host != a.url {
			t.Fatalf("the Link leads to %s, %v, from %s", target[1], err, a.url)
		}
		path = strings.TrimPrefix(next.RequestURI(), "/v1")
	}
}

func TestPages(t *testing.T) {
	a := start(t, mockserver.Options{})
	want := []string{"mock server's first token"}
	for i := range 204 {
		want = append(want, fmt.Sprint("token ", i))
		a.create(t, want[i+1])
	}
	for path, sizes := range map[string][]int{
		"/tokens":           {100, 100, 5},
		"/tokens?limit=100": {100, 100, 5},
		"/tokens?limit=999": {100, 100, 5},
		"/tokens?limit=60":  {60, 60, 60, 25},
		"/tokens?limit=41":  {41, 41, 41, 41, 41},
	} {
		t.Run(path, func(t *testing.T) {
			pages := a.list(t, path)
			var got []int
			for _, page := range pages {
				got = append(got, len(page))
			}
			if !slices.Equal(got, sizes) {
				t.Errorf("got pages of %v, want %v", got, sizes)
			}
			if !slices.Equal(slices.Concat(pages...), want) {
				t.Error("the tokens are not each listed once, oldest first")
			}
		})
	}
}

// A deletion between two pages must not hide another token.
func TestPagesWhileTokensAreDeleted(t *testing.T) {
	t.Parallel()
	a := start(t, mockserver.Options{})
	var created []token
	for i := range 4 {
		created = append(created, a.create(t, fmt.Sprint("token ", i)))
	}
	link := nextLink.FindStringSubmatch(a.call(t, http.MethodGet, "/tokens?limit=2", "").header.Get("Link"))
	if link == nil {
		t.Fatal("there is no next page")
	}
	a.call(t, http.MethodDelete, "/tokens/"+created[0].ID, "")
	pages := a.list(t, strings.TrimPrefix(link[1], a.url+"/v1"))
	if got := slices.Concat(pages...); !slices.Equal(got, []string{"token 1", "token 2", "token 3"}) {
		t.Errorf("after the first page came %v", got)
	}
}

func TestBadLimit(t *testing.T) {
	a := start(t, mockserver.Options{})
	for _, query := range []string{"limit=0", "limit=-1", "limit=ten", "limit=1.5", "limit=99999999999999999999", "after=x"} {
		t.Run(query, func(t *testing.T) {
			wantError(t, a.call(t, http.MethodGet, "/tokens?"+query, ""), http.StatusBadRequest, "invalid_parameter")
		})
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	for ignore, want := range map[bool]int{false: 2, true: 3} {
		a := start(t, mockserver.Options{IgnoreIdempotencyKey: ignore})
		key := header("Idempotency-Key", "9c1f0a52-5b0e-4b0e-8f0a-0123456789ab")
		first := a.call(t, http.MethodPost, "/tokens", settings("ci", "User"), key)
		second := a.call(t, http.MethodPost, "/tokens", settings("ci", "User"), key)
		wantStatus(t, first, http.StatusCreated)
		wantStatus(t, second, http.StatusCreated)
		if same := first.body == second.body; same == ignore {
			t.Errorf("ignoring keys is %t, but the answers are the same: %t", ignore, same)
		}
		if n := len(a.Tokens(a.OrganizationID)); n != want {
			t.Errorf("ignoring keys is %t: got %d tokens, want %d", ignore, n, want)
		}
	}
}

func TestIdempotencyKeyIsOfItsOrganization(t *testing.T) {
	t.Parallel()
	ours := start(t, mockserver.Options{})
	other := ours.AddOrganization("Another")
	key := header("Idempotency-Key", "9c1f0a52-5b0e-4b0e-8f0a-0123456789ab")
	first := ours.call(t, http.MethodPost, "/tokens", settings("ci", "User"), key).token(t)
	second := ours.as(other.TokenID, other.TokenSecret).call(t, http.MethodPost, "/tokens", settings("ci", "User"), key).token(t)
	if first.ID == second.ID || len(ours.Tokens(other.OrganizationID)) != 2 {
		t.Error("one organization got the other's answer")
	}
}
