package registry

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

const (
	// tokenPath is the path of the token service, on the registry's own host.
	tokenPath = "/token"
	// tokenLifetime is how long its tokens are valid.
	tokenLifetime = time.Minute

	pull   = "pull"
	push   = "push"
	remove = "delete"
)

// scope is a permission of a token of the token service, such as
// repository:shop/checkout:pull.
type scope struct{ kind, name, action string }

var (
	// login is needed to read the API version: any valid login.
	login   = scope{}
	catalog = scope{"registry", "catalog", "*"}
)

func (s scope) String() string { return s.kind + ":" + s.name + ":" + s.action }

func (a Access) may(s scope) bool {
	return a.Push || s.action == pull || s == catalog || s == login
}

// ofRepository matches a path in a repository: its name, the kind, and what follows.
var ofRepository = regexp.MustCompile(`^/v2/(.+)/(manifests|blobs|tags|referrers)/(.*)$`)

// neededScope returns the permission that a request needs.
func neededScope(r *http.Request) scope {
	if r.URL.Path == catalogPath {
		return catalog
	}
	match := ofRepository.FindStringSubmatch(r.URL.Path)
	if match == nil {
		return login
	}
	action := push
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		action = pull
	case http.MethodDelete:
		action = remove
	}
	return scope{"repository", match[1], action}
}

// tokenService stores what it granted. A token is bound to ID and secret, and ends with
// them.
type tokenService struct {
	mu      sync.Mutex
	granted map[string]grant
}

type grant struct {
	id, secret string
	scopes     map[scope]bool
	expires    time.Time
}

// authorize returns what the caller may do, and false if it must log in.
func (s *Server) authorize(r *http.Request, organizationID string, needed scope) (Access, bool) {
	if !s.options.Bearer {
		id, secret, _ := r.BasicAuth()
		return s.check(id, secret, organizationID)
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.service.mu.Lock()
	g, known := s.service.granted[token]
	s.service.mu.Unlock()
	if !known || time.Now().After(g.expires) {
		return Access{}, false
	}
	access, ok := s.check(g.id, g.secret, organizationID)
	// A caller without the permission gets an error, and no challenge for another token.
	return access, ok && (needed == login || g.scopes[needed] || !access.may(needed))
}

func (s *Server) check(id, secret, organizationID string) (Access, bool) {
	access, ok := s.options.Authenticate(id, secret)
	return access, ok && (organizationID == "" || organizationID == access.OrganizationID)
}

func (s *Server) challenge(w http.ResponseWriter, r *http.Request, needed scope) {
	challenge := `Basic realm="Cloudfleet registry"`
	if s.options.Bearer {
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		challenge = fmt.Sprintf(`Bearer realm="%s://%s%s",service=%q`, scheme, r.Host, tokenPath, r.Host)
		if needed != login {
			challenge += fmt.Sprintf(`,scope=%q`, needed)
		}
	}
	w.Header().Set("WWW-Authenticate", challenge)
	writeError(w, http.StatusUnauthorized, "UNAUTHORIZED", "The access token is not valid for this registry.")
}

// issue returns a token for the requested scopes, as Distribution's token service does.
// The role is checked when the token is used.
func (s *Server) issue(w http.ResponseWriter, r *http.Request, organizationID string) {
	if !s.options.Bearer || r.Method != http.MethodGet {
		writeError(w, http.StatusNotFound, "UNSUPPORTED", "There is no such token service.")
		return
	}
	id, secret, _ := r.BasicAuth()
	if _, ok := s.check(id, secret, organizationID); !ok {
		writeError(w, http.StatusUnauthorized, "UNAUTHORIZED", "The access token is not valid for this registry.")
		return
	}
	g := grant{id, secret, map[scope]bool{}, time.Now().Add(tokenLifetime)}
	for wanted := range strings.FieldsSeq(strings.Join(r.URL.Query()["scope"], " ")) {
		kind, rest, _ := strings.Cut(wanted, ":")
		colon := max(strings.LastIndex(rest, ":"), 0)
		name, actions := rest[:colon], rest[colon:]
		for action := range strings.SplitSeq(strings.TrimPrefix(actions, ":"), ",") {
			g.scopes[scope{kind, name, action}] = true
		}
	}
	token := rand.Text()
	s.service.mu.Lock()
	s.service.granted[token] = g
	s.service.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{
		"token": token, "access_token": token, "expires_in": int(tokenLifetime.Seconds()), "issued_at": time.Now().UTC(),
	})
}
