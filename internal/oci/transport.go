package oci

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
)

// transport returns the layers that each attempt passes, outermost first: the rate
// limiter, links, challenges, logging, guard, limits, the network.
func transport(o Options, plainHTTP bool) http.RoundTripper {
	network := roundtrip.Network(o.RequestTimeout)
	if plainHTTP {
		// Unencrypted requests do not leave the machine, not even through a proxy.
		roundtrip.LoopbackOnly(network)
	}
	limits := roundtrip.Limits{Timeout: o.RequestTimeout, Next: network}
	logging := roundtrip.Logging{Log: o.Log, Message: "asked the registry", Next: guard{o.Domain, plainHTTP, limits}}
	return roundtrip.NewCarefulRateLimiter(roundtrip.NextLinkOnly{Next: supportedChallenge{logging}})
}

// supportedChallenge removes all challenges from a 401 except for the first that this
// client supports.
type supportedChallenge struct{ next http.RoundTripper }

var challenge = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)(?:^|,)\s*((?:basic|bearer)\s.*)$`) })

func (t supportedChallenge) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	for _, offered := range resp.Header.Values("WWW-Authenticate") {
		if m := challenge().FindStringSubmatch(offered); m != nil {
			resp.Header.Set("WWW-Authenticate", m[1])
			break
		}
	}
	return resp, nil
}

// guard sends credentials only over encrypted connections and within the registry's
// domain.
type guard struct {
	domain    string
	plainHTTP bool
	next      http.RoundTripper
}

func (t guard) RoundTrip(req *http.Request) (*http.Response, error) {
	host := strings.TrimSuffix(strings.ToLower(req.URL.Host), ":443")
	domain := strings.TrimSuffix(strings.ToLower(t.domain), ":443")
	switch {
	case req.URL.Host == "":
		return nil, ErrNoRealm
	case req.URL.Scheme != "https" && !t.plainHTTP:
		return nil, fmt.Errorf("the registry refers to %s without TLS, which is not followed", host)
	case req.Header.Get("Authorization") != "" && host != domain && !strings.HasSuffix(host, "."+domain):
		return nil, fmt.Errorf("the registry asks to send the access token to %s, which is outside of %s: it was not sent", host, domain)
	}
	return t.next.RoundTrip(req)
}
