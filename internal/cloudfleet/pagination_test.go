package cloudfleet_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

func (c *cloud) newTokens(t *testing.T, n int) {
	t.Helper()
	client := newClient(t, c.options)
	for i := range n {
		if _, _, err := client.CreateToken(
			t.Context(),
			cloudfleet.TokenSettings{Name: fmt.Sprint("token ", i), Role: cloudfleet.RoleUser},
		); err != nil {
			t.Fatal(err)
		}
	}
	c.ForgetRequests()
}

func TestListTokensOverSeveralPages(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	cloud.newTokens(t, 230)
	tokens, err := list(t.Context(), newClient(t, cloud.options))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, token := range tokens {
		seen[token.ID]++
		if token.Secret != "" {
			t.Errorf("%s has a secret", token.ID)
		}
	}
	want := cloud.Tokens(cloud.OrganizationID)
	for _, token := range want {
		if seen[token.ID] != 1 {
			t.Errorf("%s was seen %d times", token.Name, seen[token.ID])
		}
	}
	if len(tokens) != len(want) || len(want) != 231 {
		t.Errorf("got %d tokens of %d, want 231", len(tokens), len(want))
	}
	if n := len(cloud.Requests()); n != 3 {
		t.Errorf("got %d requests, want 3", n)
	}
}

func TestListTokensStopsWhereItsReaderStops(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	cloud.newTokens(t, 120)
	for _, err := range newClient(t, cloud.options).ListTokens(t.Context()) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	if requests := cloud.Requests(); len(requests) != 1 {
		t.Errorf("got %v, want one request", requests)
	}
}

// A full last page has no Link, so that no other page is requested.
func TestListTokensWithAFullLastPage(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	cloud.newTokens(t, 99)
	tokens, err := list(t.Context(), newClient(t, cloud.options))
	if err != nil || len(tokens) != 100 {
		t.Errorf("got %d tokens, %v, want 100", len(tokens), err)
	}
	if requests := cloud.Requests(); len(requests) != 1 {
		t.Errorf("got %v, want one request", requests)
	}
}

func TestListTokensDoesNothingBeforeItIsRead(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	_ = newClient(t, cloud.options).ListTokens(t.Context())
	if requests := cloud.Requests(); len(requests) > 0 {
		t.Errorf("got %v", requests)
	}
}

func TestListTokensIsEmpty(t *testing.T) {
	t.Parallel()
	tokens, err := list(t.Context(), newClient(t, serve(t, answer(http.StatusOK, `[]`))))
	if err != nil || len(tokens) > 0 {
		t.Errorf("got %v, %v", tokens, err)
	}
}

// An error on a later page comes after the valid elements, and is the last.
func TestListTokensEndsWithItsError(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	cloud.newTokens(t, 120)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var good, bad int
	for _, err := range newClient(t, cloud.options).ListTokens(ctx) {
		if err != nil {
			bad++
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			continue
		}
		if good++; good == 100 {
			cancel()
		}
	}
	if good != 100 || bad != 1 {
		t.Errorf("got %d tokens and %d errors, want 100 and 1", good, bad)
	}
}

func TestNextPage(t *testing.T) {
	here, err := url.Parse("https://api.cloudfleet.ai/v1/tokens?limit=100")
	if err != nil {
		t.Fatal(err)
	}
	const next = "https://api.cloudfleet.ai/v1/tokens?after=7"
	for name, test := range map[string]struct {
		links []string
		// want is a query, empty for the last page, or a part of an error after an
		// exclamation mark.
		want string
	}{
		"no header":               {nil, ""},
		"empty header":            {[]string{""}, ""},
		"no link at all":          {[]string{"next"}, ""},
		"absolute":                {[]string{`<` + next + `>; rel="next"`}, "after=7"},
		"without quotes":          {[]string{`<` + next + `>; rel=next`}, "after=7"},
		"capitals":                {[]string{`<` + next + `>; REL="Next"`}, "after=7"},
		"no space":                {[]string{`<` + next + `>;rel="next"`}, "after=7"},
		"more space":              {[]string{`<` + next + `>  ;  rel = "next"`}, "after=7"},
		"several relations":       {[]string{`<` + next + `>; rel="last next"`}, "after=7"},
		"other parameters":        {[]string{`<` + next + `>; title="a, b; c"; rel="next"; x=y`}, "after=7"},
		"parameter without value": {[]string{`<` + next + `>; x; rel="next"`}, "after=7"},
		"second of two":           {[]string{`<https://api.cloudfleet.ai/v1/tokens>; rel="first", <` + next + `>; rel="next"`}, "after=7"},
		"in a second header":      {[]string{`</v1/tokens>; rel="first"`, `<` + next + `>; rel="next"`}, "after=7"},
		"comma in the target":     {[]string{`<` + next + `,8>; rel="next"`}, "after=7%2C8"},
		"path only":               {[]string{`</v1/tokens?after=7>; rel="next"`}, "after=7"},
		"query only":              {[]string{`<?after=7>; rel="next"`}, "after=7"},
		"relative":                {[]string{`<tokens?after=7>; rel="next"`}, "after=7"},
		"host in capitals":        {[]string{`<https://API.cloudfleet.ai/v1/tokens?after=7>; rel="next"`}, "after=7"},
		"another relation":        {[]string{`<` + next + `>; rel="prev"`}, ""},
		"almost the relation":     {[]string{`<` + next + `>; rel="next-archive"`}, ""},
		"relation in a title":     {[]string{`<` + next + `>; title="rel=next"`}, ""},
		"no relation":             {[]string{`<` + next + `>`}, ""},
		"another host":            {[]string{`<https://example.com/v1/tokens?after=7>; rel="next"`}, "!to example.com/v1/tokens, which is not followed"},
		"another port":            {[]string{`<https://api.cloudfleet.ai:8443/v1/tokens>; rel="next"`}, "!not followed"},
		"host without scheme":     {[]string{`<//example.com/v1/tokens>; rel="next"`}, "!to example.com/v1/tokens, which is not followed"},
		"another scheme":          {[]string{`<http://api.cloudfleet.ai/v1/tokens?after=7>; rel="next"`}, "!not followed"},
		"another path":            {[]string{`</v1/organization>; rel="next"`}, "!to api.cloudfleet.ai/v1/organization, which is not followed"},
		"path by dots":            {[]string{`<../organization>; rel="next"`}, "!not followed"},
		"not a URL":               {[]string{`<https://api.cloudfleet.ai:port/>; rel="next"`}, "!is not a URL"},
	} {
		t.Run(name, func(t *testing.T) {
			resp := &http.Response{Header: http.Header{"Link": test.links}, Request: &http.Request{URL: here}}
			got, err := cloudfleet.NextPage(resp)
			if len(test.want) > 0 && test.want[0] == '!' {
				wantError(t, err, "the Link to the next page", test.want[1:])
				return
			}
			if err != nil || got.Encode() != test.want || (got == nil) != (test.want == "") {
				t.Errorf("got %v, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestLinkToAnotherHostIsNotFollowed(t *testing.T) {
	t.Parallel()
	var strangers atomic.Int32
	stranger := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strangers.Add(1) }))
	o := serve(t, answer(http.StatusOK, `[{"id":"`+someID+`"}]`, "Link", "<"+stranger.Endpoint+`/tokens>; rel="next"`))
	tokens, err := list(t.Context(), newClient(t, o))
	wantError(t, err, "which is not followed")
	if len(tokens) != 1 {
		t.Errorf("got %d tokens, want the one of the first page", len(tokens))
	}
	wantCount(t, &strangers, 0)
}

func TestPagesInACircle(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		// next maps the query of a page to that of the one after it.
		next map[string]string
		want int32
	}{
		"to itself":        {map[string]string{"limit=100": "limit=100"}, 1},
		"to the first":     {map[string]string{"limit=100": "after=1", "after=1": "limit=100"}, 2},
		"to another later": {map[string]string{"limit=100": "after=1", "after=1": "after=2", "after=2": "after=1"}, 3},
		"in other words":   {map[string]string{"limit=100": "a=1&b=2", "a=1&b=2": "b=2&a=1"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var count atomic.Int32
			c := newClient(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if count.Add(1) > 10 {
					http.Error(w, "enough", http.StatusTeapot)
					return
				}
				w.Header().Set("Link", "<?"+test.next[r.URL.RawQuery]+`>; rel="next"`)
				_, _ = fmt.Fprint(w, "[]")
			})))
			_, err := list(t.Context(), c)
			wantError(t, err, "pages of the list repeat")
			wantCount(t, &count, test.want)
		})
	}
}
