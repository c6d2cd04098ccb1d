package cloudfleet

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
)

// pages yields the elements of a list that is served in pages.
func pages[T any](ctx context.Context, c *Client, first request, valid func(T) bool) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for l := (list[T]{request: first, valid: valid}); !l.ended; {
			page, err := l.next(ctx, c)
			for _, element := range page {
				if !yield(element, nil) {
					return
				}
			}
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
		}
	}
}

// list is a list that is served in pages, as far as it has been read.
type list[T any] struct {
	// request asks for the next page, at first for the first one.
	request request
	// valid is true of every element, so that what is not a list of such elements
	// is not taken for one.
	valid func(T) bool
	ended bool
	asked map[string]bool
}

// maxPages bounds a list, so that one that never ends does: a hundred thousand tokens.
const maxPages = 1000

// next fetches a page. Where only the way to the one after it is wrong, the
// elements come with an error. After any other error it may be called again.
func (l *list[T]) next(ctx context.Context, c *Client) ([]T, error) {
	if l.asked == nil {
		l.asked = map[string]bool{}
	}
	if len(l.asked) >= maxPages {
		return nil, fmt.Errorf("the list has more than %d pages", maxPages)
	}
	l.asked[l.request.query.Encode()] = true
	page, resp, err := do[[]T](ctx, c, l.request)
	if err != nil {
		return nil, err
	}
	if page == nil || slices.ContainsFunc(page, func(t T) bool { return !l.valid(t) }) {
		return nil, foreign(resp, "the answer is not the list that was expected")
	}
	query, err := nextPage(resp)
	switch {
	case err != nil:
		return page, unexpected(resp, err.Error())
	case query == nil:
		l.ended = true
	case l.asked[query.Encode()]:
		return page, unexpected(resp, "the pages of the list go round in a circle")
	}
	l.request.query = query
	return page, nil
}

// nextPage returns the query of the page after the one that resp holds, or nil
// if that was the last. A link that leads anywhere but to the same list is an
// error: credentials would follow it.
func nextPage(resp *http.Response) (url.Values, error) {
	link, found := roundtrip.NextLink(resp.Header)
	if !found {
		return nil, nil
	}
	here := resp.Request.URL
	there, err := here.Parse(link)
	if err != nil {
		return nil, fmt.Errorf("the Link to the next page is not a URL")
	}
	if !roundtrip.SameOrigin(there, here) || there.Path != here.Path {
		return nil, fmt.Errorf(
			"the Link to the next page leads from %s%s to %s%s, which is not followed",
			here.Host,
			here.Path,
			there.Host,
			there.Path,
		)
	}
	return there.Query(), nil
}
