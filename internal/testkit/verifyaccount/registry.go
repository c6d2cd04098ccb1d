package verifyaccount

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// readRegistry checks the challenge, the login and the catalog.
func (s *session) readRegistry(ctx context.Context) {
	if s.o.Registry == "" || ctx.Err() != nil {
		return
	}
	a := s.askRegistry(ctx, "/v2/", "")
	if a.err != nil {
		for _, name := range []string{
			"registry challenge", "registry login", "registry catalog", "registry login of a User", "old secret at the registry",
		} {
			s.results[name].Seen = "the registry cannot be reached: check CLOUDFLEET_ORGANIZATION_ID, CLOUDFLEET_REGISTRY_DOMAIN and the network"
		}
		s.o.Registry = ""
		return
	}
	scheme, _, _ := strings.Cut(a.header.Get("WWW-Authenticate"), " ")
	isKnown := strings.EqualFold(scheme, "Basic") || strings.EqualFold(scheme, "Bearer")
	if !isKnown {
		scheme = "no challenge that is known"
	}
	s.check("registry challenge", a.status == http.StatusUnauthorized && isKnown, a.seen()+", "+scheme)
	if accepted := s.registryAnswer(ctx, "/v2/", "", s.own); accepted.err == nil {
		s.check("registry login", accepted.status == http.StatusOK, accepted.seen())
	}
	catalog := s.registryAnswer(ctx, "/v2/_catalog?n=1", "registry:catalog:*", s.own)
	if catalog.err == nil {
		fields, isObject := catalog.body.(map[string]any)
		_, isList := fields["repositories"].([]any)
		isNone := isObject && len(fields) == 0 // there is no repository yet
		s.check("registry catalog", catalog.status == http.StatusOK && (isList || isNone), catalog.seen()+", "+describe(catalog.body))
	}
}

// registryAccepts reports whether the registry takes a login, and whether it answered.
func (s *session) registryAccepts(ctx context.Context, as login) (accepted, answered bool) {
	a := s.registryAnswer(ctx, "/v2/", "", as)
	return a.status == http.StatusOK, a.err == nil
}

var parameter = regexp.MustCompile(`(\w+)="([^"]*)"`)

// registryAnswer answers the registry's challenge with a login. It calls a token service
// only on the registry's own host, so that no credentials are sent elsewhere.
func (s *session) registryAnswer(ctx context.Context, path, scope string, as login) answer {
	challenge := s.askRegistry(ctx, path, "")
	scheme, rest, _ := strings.Cut(challenge.header.Get("WWW-Authenticate"), " ")
	if challenge.err != nil || challenge.status != http.StatusUnauthorized {
		return challenge
	}
	req := &http.Request{Header: http.Header{}}
	req.SetBasicAuth(as.id, as.secret)
	basic := req.Header.Get("Authorization")
	if !strings.EqualFold(scheme, "Bearer") {
		return s.askRegistry(ctx, path, basic)
	}
	parameters := map[string]string{}
	for _, match := range parameter.FindAllStringSubmatch(rest, -1) {
		parameters[match[1]] = match[2]
	}
	realm, err := url.Parse(parameters["realm"])
	registry, err2 := url.Parse(s.o.Registry)
	if err != nil || err2 != nil || realm.Scheme != registry.Scheme || realm.Host != registry.Host {
		return answer{status: http.StatusUnauthorized, header: http.Header{}}
	}
	query := realm.Query()
	query.Set("service", parameters["service"])
	if scope != "" {
		query.Set("scope", scope)
	}
	realm.RawQuery = query.Encode()
	issued := s.askURL(ctx, realm.String(), basic)
	token := text(issued.body, "token")
	if token == "" {
		token = text(issued.body, "access_token")
	}
	if token == "" {
		return issued
	}
	return s.askRegistry(ctx, path, "Bearer "+token)
}

func (s *session) askRegistry(ctx context.Context, path, authorization string) answer {
	return s.askURL(ctx, strings.TrimSuffix(s.o.Registry, "/")+path, authorization)
}

func (s *session) askURL(ctx context.Context, url, authorization string) answer {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return answer{err: err}
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	return s.do(req)
}
