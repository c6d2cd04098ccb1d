package roundtrip

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// link matches one link of a Link header (RFC 8288): its target and parameters. It is
// compiled when it is first needed, so that the provider starts faster.
var (
	link     = lazily(`<([^<>]*)>((?:\s*;\s*[^\s=;,"]+(?:\s*=\s*(?:"[^"]*"|[^\s;,"]*))?)*)`)
	relParam = lazily(`(?i);\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]*))`)
)

func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// NextLink returns the target of the Link with rel="next" in a header (RFC 8288), and
// whether there is one.
func NextLink(header http.Header) (target string, found bool) {
	for _, m := range link().FindAllStringSubmatch(strings.Join(header.Values("Link"), ","), -1) {
		rel := relParam().FindStringSubmatch(m[2])
		if rel != nil && slices.Contains(strings.Fields(strings.ToLower(rel[1]+rel[2])), "next") {
			return m[1], true
		}
	}
	return "", false
}

// ErrLinkElsewhere is the error of an answer whose next page is on another host.
var ErrLinkElsewhere = errors.New("the next page of the list is on another host, which is not followed")

// NextLinkOnly removes all links from an answer except for the one to the next page, for
// a client that follows the first one. A link to another host is an error.
type NextLinkOnly struct{ Next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t NextLinkOnly) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.Next.RoundTrip(req)
	if err == nil && resp.Header.Get("Link") != "" {
		next, found := NextLink(resp.Header)
		resp.Header.Del("Link")
		if target, err := req.URL.Parse(next); found && (err != nil || !SameOrigin(target, req.URL)) {
			_ = resp.Body.Close()
			return nil, ErrLinkElsewhere
		}
		if found {
			resp.Header.Set("Link", "<"+next+`>; rel="next"`)
		}
	}
	return resp, err
}

// SameOrigin reports whether two URLs have the same scheme, host and port, in any
// spelling.
func SameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && hostPort(a) == hostPort(b) }

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return strings.ToLower(u.Hostname()) + ":" + port
}
