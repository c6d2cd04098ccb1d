package oci

import (
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
)

// transport returns the layers that each attempt passes, outermost first: the rate
// limiter, logging, guard, limits, the network.
func transport(o Options, plainHTTP bool) http.RoundTripper {
	limits := roundtrip.Limits{Timeout: o.RequestTimeout, Next: o.Network}
	if o.Network == nil {
		network := roundtrip.Network(o.RequestTimeout)
		if plainHTTP {
			// Unencrypted requests do not leave the machine, not even through a proxy.
			roundtrip.LoopbackOnly(network)
		}
		limits.Next = network
	}
	limiter := roundtrip.NewRateLimiter(roundtrip.Logging{
		Log: o.Log, Message: "asked the registry", Next: guard{o.Domain, plainHTTP, o.UserAgent, limits},
	})
	limiter.Warn = o.Warn
	return limiter
}

// maxRedirects is how many redirects are followed, from one storage service to another.
const maxRedirects = 5

// checkRedirect follows a redirect of a read, without the login on another host.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	if first.Method != http.MethodGet && first.Method != http.MethodHead {
		return http.ErrUseLastResponse
	}
	if len(via) > maxRedirects {
		return roundtrip.Refuse(fmt.Sprintf("more than %d redirects", maxRedirects))
	}
	if !roundtrip.SameOrigin(req.URL, first.URL) {
		req.Header.Del("Authorization")
	}
	req.Header.Del("Referer") // the address of a signed download is a credential
	return nil
}

// guard sends requests only over encrypted connections, and credentials only within the
// registry's domain, in whatever part of a request they are.
type guard struct {
	domain    string
	plainHTTP bool
	userAgent string
	next      http.RoundTripper
}

func (t guard) RoundTrip(req *http.Request) (*http.Response, error) {
	host := req.URL.Hostname()
	hasLogin := req.Header.Get("Authorization") != "" || req.Header.Get("Content-Type") == formType
	var err error
	switch {
	case host == "":
		err = ErrNoRealm
	case req.URL.Scheme != "https" && !t.plainHTTP:
		err = roundtrip.Refuse(fmt.Sprintf("the registry refers to %s without TLS, which is not followed", host))
	case req.URL.User != nil:
		err = roundtrip.Refuse(fmt.Sprintf("the registry refers to %s with a password in the address, which is not followed", host))
	case hasLogin && !within(host, t.domain):
		err = roundtrip.Refuse(fmt.Sprintf("the registry asks to send the access token to %s, which is outside of %s: it was not sent",
			host, t.domain))
	}
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	req = req.Clone(req.Context())
	req.Header.Set("User-Agent", t.userAgent)
	return t.next.RoundTrip(req)
}

// within reports whether a host name is the domain or below it. Ports do not count: a
// registry and its token service may have two.
func within(host, domain string) bool {
	if name, _, err := net.SplitHostPort(domain); err == nil {
		domain = name
	}
	host, domain = strings.ToLower(host), strings.ToLower(domain)
	return host == domain || net.ParseIP(host) == nil && strings.HasSuffix(host, "."+domain)
}
