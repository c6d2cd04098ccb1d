package cloudfleet

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// pages yields the elements of a list that is served in pages. Each has to be
// valid, so that what is not a list of such elements is not taken for one.
func pages[T any](ctx context.Context, c *Client, r request, valid func(T) bool) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		asked := map[string]bool{}
		for {
			asked[r.query.Encode()] = true
			page, resp, err := send[[]T](ctx, c, r)
			if err != nil {
				yield(zero, err)
				return
			}
			if page == nil || slices.ContainsFunc(page, func(t T) bool { return !valid(t) }) {
				yield(zero, unexpected(resp, "the answer is not the list that was expected"))
				return
			}
			for _, element := range page {
				if !yield(element, nil) {
					return
				}
			}
			next, err := nextPage(resp)
			if err != nil {
				yield(zero, unexpected(resp, err.Error()))
				return
			}
			if next == nil {
				return
			}
			if asked[next.Encode()] {
				yield(zero, unexpected(resp, "the pages of the list go round in a circle"))
				return
			}
			r.query = next
		}
	}
}

// link matches one link of a Link header (RFC 8288): its target and parameters.
var (
	link     = regexp.MustCompile(`<([^<>]*)>((?:\s*;\s*[^\s=;,"]+(?:\s*=\s*(?:"[^"]*"|[^\s;,"]*))?)*)`)
	relParam = regexp.MustCompile(`(?i);\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]*))`)
)

// nextPage returns the query of the page after the one that resp holds, or nil
// if that was the last. A link that leads anywhere but to the same list is an
// error: credentials would follow it.
func nextPage(resp *http.Response) (url.Values, error) {
	for _, m := range link.FindAllStringSubmatch(strings.Join(resp.Header.Values("Link"), ","), -1) {
		rel := relParam.FindStringSubmatch(m[2])
		if rel == nil || !slices.Contains(strings.Fields(strings.ToLower(rel[1]+rel[2])), "next") {
			continue
		}
		here := resp.Request.URL
		there, err := here.Parse(m[1])
		if err != nil {
			return nil, fmt.Errorf("the Link to the next page is not a URL")
		}
		if there.Scheme != here.Scheme || !strings.EqualFold(there.Host, here.Host) || there.Path != here.Path {
			return nil, fmt.Errorf("the Link to the next page leads from %s%s to %s%s, which is not followed", here.Host, here.Path, there.Host, there.Path)
		}
		return there.Query(), nil
	}
	return nil, nil
}
