package oci

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
)

// transport layers what each attempt passes, the outermost first: logging, guard,
// limits, the network.
func transport(o Options, plainHTTP bool) http.RoundTripper {
	network := roundtrip.Network(o.RequestTimeout)
	if plainHTTP {
		// What is not encrypted does not leave the machine, by a proxy either.
		roundtrip.LoopbackOnly(network)
	}
	limits := roundtrip.Limits{Timeout: o.RequestTimeout, Next: network}
	return roundtrip.Logging{Log: o.Log, Message: "asked the registry", Next: guard{o.Domain, plainHTTP, limits}}
}

// guard keeps credentials to encrypted connections and to the registry's domain.
type guard struct {
	domain    string
	plainHTTP bool
	next      http.RoundTripper
}

func (t guard) RoundTrip(req *http.Request) (*http.Response, error) {
	host := strings.TrimSuffix(strings.ToLower(req.URL.Host), ":443")
	domain := strings.TrimSuffix(strings.ToLower(t.domain), ":443")
	switch {
	case req.URL.Scheme != "https" && !t.plainHTTP:
		return nil, fmt.Errorf("the registry leads to %s without TLS, which is not followed", host)
	case req.Header.Get("Authorization") != "" && host != domain && !strings.HasSuffix(host, "."+domain):
		return nil, fmt.Errorf("the registry wants the access token sent to %s, which is outside of %s: it was not", host, domain)
	}
	return t.next.RoundTrip(req)
}
