// Package mockserver is a stand-in for Cloudfleet: the API, and the registries of
// all organizations, with their state in memory. Acceptance tests, the demo and anyone who wants to try the provider
// without an account use it. It is written against the contract, not against the
// client, so that each can show the other's mistakes.
package mockserver

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver/registry"
)

// Options configures a [Server]. The zero value is fast and has no limits.
type Options struct {
	// Latency is how long each request waits.
	Latency time.Duration
	// RateLimit is how many requests a second the API and the registries each serve, with
	// bursts of as many. The others get 429 with a Retry-After. Zero: no limit.
	RateLimit int
	// IgnoreIdempotencyKey creates a new token for every create, and a new secret for
	// every regenerate, even with a key that was seen before.
	IgnoreIdempotencyKey bool
	// RegistryBearer lets the registries challenge with a Bearer token service instead of
	// Basic.
	RegistryBearer bool
	// Now is the server's clock. Nil is time.Now.
	Now func() time.Time
	// Wrap, if set, wraps the API, inside of Intercept.
	Wrap func(http.Handler) http.Handler
}

// Server is the API and the registries as an http.Handler. It is safe for
// concurrent use. Wrap, Intercept and Requests are of the API only.
type Server struct {
	options Options
	// limiter limits the API, and registryLimiter all registries together.
	limiter, registryLimiter atomic.Pointer[rate.Limiter]
	api                      http.Handler
	intercept                atomic.Pointer[func(http.Handler) http.Handler]
	interceptRegistry        atomic.Pointer[func(http.Handler) http.Handler]
	lastID                   atomic.Int64
	store                    store
	registry                 *registry.Server

	logMu            sync.Mutex
	log, registryLog []Request
}

// Request is an entry of the request log. It contains no secrets.
type Request struct {
	Method, Path, Query string
	// Status is 0 if the connection was cut instead of an answer.
	Status int
	// TokenID is the user name of the request.
	TokenID        string
	IdempotencyKey string
	UserAgent      string
}

func (r Request) String() string {
	s := r.Method + " " + r.Path
	if r.Query != "" {
		s += "?" + r.Query
	}
	return fmt.Sprintf("%s: %d", s, r.Status)
}

// IsWrite reports whether the request could change anything.
func (r Request) IsWrite() bool { return r.Method != http.MethodGet }

// Credentials are an organization and an Administrator token of it.
type Credentials struct {
	OrganizationID, TokenID, TokenSecret string
}

// Environment are the variables that configure the provider for this API with them.
func (c Credentials) Environment(endpoint string) []string {
	return []string{
		"CLOUDFLEET_ENDPOINT=" + endpoint, "CLOUDFLEET_ORGANIZATION_ID=" + c.OrganizationID,
		"CLOUDFLEET_ACCESS_TOKEN_ID=" + c.TokenID, "CLOUDFLEET_ACCESS_TOKEN_SECRET=" + c.TokenSecret,
	}
}

// New returns a server without organizations: see [Server.AddOrganization].
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{options: o, store: store{now: o.Now, answers: map[string]issued{}}}
	s.LimitRate(o.RateLimit)
	s.registry = registry.New(registry.Options{Authenticate: s.registryAccess, Bearer: o.RegistryBearer})
	s.api = s.routes()
	if o.Wrap != nil {
		s.api = o.Wrap(s.api)
	}
	return s
}

// AddOrganization creates an organization with one Administrator token.
func (s *Server) AddOrganization(name string) Credentials {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	o := &organization{ID: newUUID(), Name: name}
	t := s.store.create(o, "mock server's first token", roleAdministrator)
	return Credentials{OrganizationID: o.ID, TokenID: t.ID, TokenSecret: t.Secret}
}

// LimitRate changes Options.RateLimit of a running server.
func (s *Server) LimitRate(perSecond int) {
	s.limiter.Store(nil)
	s.registryLimiter.Store(nil)
	if perSecond > 0 {
		s.limiter.Store(rate.NewLimiter(rate.Limit(perSecond), perSecond))
		s.registryLimiter.Store(rate.NewLimiter(rate.Limit(perSecond), perSecond))
	}
}

// Intercept passes every further request of the API through a handler, to inject faults.
// Nil removes it. To cut the connection, panic with http.ErrAbortHandler.
func (s *Server) Intercept(f func(api http.Handler) http.Handler) {
	if f == nil {
		s.intercept.Store(nil)
		return
	}
	s.intercept.Store(&f)
}

// InterceptRegistry is Intercept for the registries.
func (s *Server) InterceptRegistry(f func(registry http.Handler) http.Handler) {
	if f == nil {
		s.interceptRegistry.Store(nil)
		return
	}
	s.interceptRegistry.Store(&f)
}

// Requests returns the requests to the API since the start or the last ForgetRequests.
func (s *Server) Requests() []Request {
	s.logMu.Lock()
	defer s.logMu.Unlock()
	return slices.Clone(s.log)
}

// RegistryRequests is Requests of the registries.
func (s *Server) RegistryRequests() []Request {
	s.logMu.Lock()
	defer s.logMu.Unlock()
	return slices.Clone(s.registryLog)
}

// ForgetImages empties all registries.
func (s *Server) ForgetImages() { s.registry.ForgetImages() }

// ForgetRequests empties both request logs.
func (s *Server) ForgetRequests() {
	s.logMu.Lock()
	defer s.logMu.Unlock()
	s.log, s.registryLog = nil, nil
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, _, _ := r.BasicAuth()
	entry := Request{
		Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, TokenID: id,
		IdempotencyKey: r.Header.Get("Idempotency-Key"), UserAgent: r.UserAgent(),
	}
	log, handler := &s.log, throttled(s.limiter.Load(), s.api)
	if registry.Serves(r.URL.Path) {
		log, handler = &s.registryLog, throttled(s.registryLimiter.Load(), s.registry)
		if f := s.interceptRegistry.Load(); f != nil {
			handler = (*f)(handler)
		}
	} else if f := s.intercept.Load(); f != nil {
		handler = (*f)(handler)
	}
	recorder := &statusRecorder{ResponseWriter: w}
	defer func() {
		entry.Status = recorder.status
		s.logMu.Lock()
		defer s.logMu.Unlock()
		*log = append(*log, entry)
	}()

	select {
	case <-time.After(s.options.Latency):
	case <-r.Context().Done():
		return
	}
	w.Header().Set("X-Request-Id", "mock-"+strconv.FormatInt(s.lastID.Add(1), 10))
	handler.ServeHTTP(recorder, r)
}

// throttled answers 429 in place of next above the limit.
func throttled(limiter *rate.Limiter, next http.Handler) http.Handler {
	if limiter == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reservation := limiter.Reserve()
		if wait := reservation.Delay(); wait > 0 {
			reservation.Cancel()
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
			writeError(w, http.StatusTooManyRequests, "rate_limited", "Too many requests.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// statusRecorder stores the status of an answer.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *statusRecorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
