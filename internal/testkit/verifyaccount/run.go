// Package verifyaccount checks the provider's assumptions about Cloudfleet at a real
// account. It does not use the provider's client, so that it sees the actual answers.
package verifyaccount

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/hashicorp/go-cleanhttp"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
)

// Verdict is the result for an assumption.
type Verdict string

// The verdicts.
const (
	Holds   Verdict = "holds"
	Differs Verdict = "differs"
	NotSeen Verdict = "not seen"
)

// Options says what to verify, and how.
type Options struct {
	// Endpoint is the base URL of the API.
	Endpoint string
	// OrganizationID, TokenID and TokenSecret are the provider's own.
	OrganizationID, TokenID, TokenSecret string
	// Registry is the base URL of a registry of the organization.
	Registry string
	// Write also creates, changes and deletes a token.
	Write bool
	// Patience is how long to wait until a write is visible, 15 s if zero.
	Patience time.Duration
}

// Result is a line of a report. It contains no values from answers.
type Result struct {
	Name    string  `json:"name"`
	Expects string  `json:"expects"`
	Verdict Verdict `json:"verdict"`
	// Seen describes the answer by names, types and status.
	Seen string `json:"seen,omitempty"`
	// Contract is the line of the OpenAPI document, and Change the code that depends on
	// it.
	Contract string `json:"contract,omitempty"`
	Change   string `json:"change,omitempty"`
}

// session is a run.
type session struct {
	o    Options
	http *http.Client
	// bearer is set if the API takes the secret as a Bearer token.
	bearer  bool
	own     login
	results map[string]*Result
	// roles are the names of the two roles as this server writes them.
	administrator, user string
	// name is the name of the tokens that the run creates, and of no others. created are
	// their IDs.
	name    string
	created []string
	// isLost: an answer to a create does not say which token was created, if any.
	isLost bool
	// existing are the IDs of the tokens that there were before. No others are changed.
	existing map[string]bool
	// left are what the run may have left behind: IDs of tokens, or what to search for.
	left []string
}

// Run verifies what it can, and deletes what it has created, even if ctx ends. The
// results are in the order of the assumptions. left are the IDs of tokens that it could
// not delete, and what to search for if it could not look. For a credential that is not
// [Fit] there are no results.
func Run(ctx context.Context, o Options) (results []Result, left []string) {
	if o.Patience == 0 {
		o.Patience = 15 * time.Second
	}
	if Fit(ctx, o) != nil {
		return nil, nil
	}
	s := newSession(o)
	defer s.http.CloseIdleConnections()
	all := make([]Result, len(assumptions))
	for i, a := range assumptions {
		all[i] = Result{Name: a.name, Expects: a.expects, Verdict: NotSeen, Contract: contractLine(a.contract), Change: a.change}
		if a.writes && !o.Write {
			all[i].Seen = "needs a run that writes"
		}
		s.results[a.name] = &all[i]
	}
	s.read(ctx)
	s.readRegistry(ctx)
	if o.Write && ctx.Err() == nil {
		s.write(ctx)
	}
	return all, s.left
}

func newSession(o Options) *session {
	s := &session{
		o: o, own: login{o.TokenID, o.TokenSecret}, results: map[string]*Result{},
		administrator: "Administrator", user: "User", name: "cloudfleet-verify-" + newKey()[:8],
		http: &http.Client{
			Transport:     newTransport(),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	for _, a := range assumptions {
		s.results[a.name] = &Result{}
	}
	return s
}

// Fit returns what keeps the credential from verifying anything, and what to correct.
func Fit(ctx context.Context, o Options) error {
	s := newSession(o)
	defer s.http.CloseIdleConnections()
	organization := s.call(ctx, http.MethodGet, "/organization", s.own, "")
	if organization.status == http.StatusUnauthorized {
		s.bearer = true
		organization = s.call(ctx, http.MethodGet, "/organization", s.own, "")
	}
	switch {
	case ctx.Err() != nil:
		return nil
	case organization.err != nil:
		return fmt.Errorf("the API cannot be reached: %w. Check CLOUDFLEET_ENDPOINT, the network and the proxy", organization.err)
	case organization.status == http.StatusUnauthorized:
		return errors.New("the API rejects the access token (401): check CLOUDFLEET_ACCESS_TOKEN_ID and CLOUDFLEET_ACCESS_TOKEN_SECRET")
	case organization.status == http.StatusNotFound:
		return errors.New("there is no API at this address (404): check CLOUDFLEET_ENDPOINT, which ends with the version, such as /v1")
	}
	if list := s.call(ctx, http.MethodGet, "/tokens?limit=1", s.own, ""); list.status == http.StatusForbidden {
		return errors.New("the access token may not manage tokens (403): use one with the role Administrator")
	}
	return nil
}

// transports send unencrypted requests only to this machine.
type transports struct{ plain, encrypted *http.Transport }

func newTransport() transports {
	t := transports{cleanhttp.DefaultPooledTransport(), cleanhttp.DefaultPooledTransport()}
	roundtrip.LoopbackOnly(t.plain)
	return t
}

func (t transports) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme == "http" {
		return t.plain.RoundTrip(req)
	}
	return t.encrypted.RoundTrip(req)
}

// CloseIdleConnections is for http.Client, which looks for it.
func (t transports) CloseIdleConnections() {
	t.plain.CloseIdleConnections()
	t.encrypted.CloseIdleConnections()
}

// holds records that an assumption holds, unless it was found wrong before.
func (s *session) holds(name, seen string) {
	if r := s.results[name]; r.Verdict == NotSeen {
		r.Verdict, r.Seen = Holds, seen
	}
}

// differs records a difference. The first one counts.
func (s *session) differs(name, seen string) {
	if r := s.results[name]; r.Verdict != Differs {
		r.Verdict, r.Seen = Differs, seen
	}
}

// check records one or the other.
func (s *session) check(name string, ok bool, seen string) {
	if ok {
		s.holds(name, seen)
	} else {
		s.differs(name, seen)
	}
}

// status checks the status of an answer. A missing answer, as after an interrupt, is not
// recorded.
func (s *session) status(name string, a answer, want int) bool {
	if a.err == nil {
		s.check(name, a.status == want, a.seen())
	}
	return a.err == nil && a.status/100 == want/100
}

// soon repeats a question until the answer is yes, and returns how long that took.
func (s *session) soon(ctx context.Context, name string, ask func() bool) {
	start := time.Now()
	for first := true; ctx.Err() == nil; first = false {
		if ask() {
			s.check(name, first, seenAfter(first, time.Since(start)))
			return
		}
		if time.Since(start) > s.o.Patience {
			s.differs(name, "not within "+s.o.Patience.String())
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(min(200*time.Millisecond, s.o.Patience)):
		}
	}
}

func seenAfter(first bool, took time.Duration) string {
	if first {
		return "at once"
	}
	return "after " + took.Round(100*time.Millisecond).String()
}
