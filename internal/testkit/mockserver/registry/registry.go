// Package registry is an OCI registry for every organization and region, with the
// mock server's tokens as its users. Images are kept in memory.
//
// What stores and serves images is go-containerregistry's registry. CNCF
// Distribution, which Cloudfleet adopted, was tried first: it brings 52 more modules
// into go.mod (OpenTelemetry's exporters, Prometheus, a Redis client), raises the
// version of gRPC that the provider ships, and makes each test binary 27 MB larger.
package registry

import (
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/registry"
)

// defaultRegion is the region of an address without one.
const defaultRegion = "europe"

var regions = map[string]bool{defaultRegion: true, "northamerica": true, "apac": true}

// Access is what a token may do.
type Access struct {
	OrganizationID string
	// Push allows changes of the registry. Pulling is always allowed.
	Push bool
}

// Options configures a [Server].
type Options struct {
	// Authenticate returns what the token with this ID and secret may do now, and false
	// if there is none.
	Authenticate func(id, secret string) (Access, bool)
	// Bearer makes the registry require a token of a token service, which takes ID and
	// secret, instead of ID and secret themselves.
	Bearer bool
}

// Server serves the registries of all organizations by their virtual hosts,
// {organization}.{region}.anything. Under a plain address, such as 127.0.0.1:5000,
// it is the registry in europe of the login. It is safe for concurrent use.
type Server struct {
	options Options
	service tokenService

	mu     sync.Mutex
	stores map[store]http.Handler
}

// store identifies the images of a registry.
type store struct{ organizationID, region string }

// New returns a server whose registries are empty.
func New(o Options) *Server {
	return &Server{options: o, service: tokenService{granted: map[string]grant{}}, stores: map[store]http.Handler{}}
}

// Serves reports whether a request with this path is one to a registry.
func Serves(path string) bool {
	return path == "/v2" || strings.HasPrefix(path, "/v2/") || path == tokenPath
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	organizationID, region := virtualHost(r.Host)
	if !regions[region] {
		writeError(w, http.StatusNotFound, "UNSUPPORTED", "There is no region "+region+".")
		return
	}
	if r.URL.Path == tokenPath {
		s.issue(w, r, organizationID)
		return
	}
	needed := neededScope(r)
	access, ok := s.authorize(r, organizationID, needed)
	switch {
	case !ok:
		s.challenge(w, r, needed)
		return
	case !access.may(needed):
		writeError(w, http.StatusForbidden, "DENIED", "The access token's role is User, which may pull, but not push or delete.")
		return
	}
	handler := s.store(store{access.OrganizationID, region})
	if r.Method == http.MethodGet && isList(r.URL.Path) {
		handler = paged(handler)
	}
	handler.ServeHTTP(w, r)
}

// virtualHost returns the organization and the region at the beginning of a host name.
// For a plain address the organization is empty, which means that of the login.
func virtualHost(hostport string) (organizationID, region string) {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	if host == "localhost" || net.ParseIP(strings.Trim(host, "[]")) != nil {
		return "", defaultRegion
	}
	organizationID, rest, _ := strings.Cut(host, ".")
	region, _, _ = strings.Cut(rest, ".")
	return organizationID, region
}

// ForgetImages empties all registries.
func (s *Server) ForgetImages() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.stores)
}

func (s *Server) store(key store) http.Handler {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stores[key] == nil {
		s.stores[key] = &strict{
			next:  registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(true)),
			blobs: map[string]bool{},
		}
	}
	return s.stores[key]
}

func writeError(w http.ResponseWriter, status int, code, message string) {
	type description struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	writeJSON(w, status, map[string][]description{"errors": {{code, message}}})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may have left
}
