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
