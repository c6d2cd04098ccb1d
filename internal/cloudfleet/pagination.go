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

// pages yields the elements of a paginated list.
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

// list is a paginated list, as far as it has been read.
type list[T any] struct {
	// request is the one for the next page, initially for the first.
	request request
	// valid reports whether an element belongs to this list, so that other JSON is not
	// mistaken for it.
	valid func(T) bool
	ended bool
	asked map[string]bool
}

// maxPages ends a list that would never end: it allows a hundred thousand tokens.
const maxPages = 1000

// next fetches a page. If only the link to the following page is invalid, it returns the
// elements together with an error. After any other error it may be called again.
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
		return page, unexpected(resp, "the pages of the list repeat")
	}
	l.request.query = query
	return page, nil
}

// nextPage returns the query of the page after the one in resp, or nil after the last. A
// link to anything but the same list is an error: credentials would be sent there.
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
			"the Link to the next page points from %s%s to %s%s, which is not followed",
			here.Host,
			here.Path,
			there.Host,
			there.Path,
		)
	}
	return there.Query(), nil
}
