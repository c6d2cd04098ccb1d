package cloudfleet

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// ErrOtherOrganization is returned if the access token belongs to another organization
// than the one in Options, or than the one in which a token was last seen.
var ErrOtherOrganization = errors.New("the access token belongs to another organization")

// GetOrganization returns the organization that the access token belongs to. Any valid
// token may call it (GET /organization).
func (c *Client) GetOrganization(ctx context.Context) (Organization, error) {
	o, resp, err := doUnchecked[Organization](ctx, c, request{method: http.MethodGet, path: []string{pathOrganization}})
	if err == nil && o.ID == "" {
		err = foreign(resp, "the answer has no ID of an organization")
	}
	if err == nil {
		err = c.organization.check(o)
	}
	return o, err
}

// Organization is GetOrganization, called once for all callers. If it fails, the next
// caller repeats it.
func (c *Client) Organization(ctx context.Context) (Organization, error) {
	if known := c.organization.known.Load(); known != nil {
		return *known, nil
	}
	asked := c.organization.asking.DoChan("", func() (any, error) {
		// A caller's cancellation or deadline must not end the call for the others.
		return c.GetOrganization(context.WithoutCancel(ctx))
	})
	select {
	case answer := <-asked:
		o, _ := answer.Val.(Organization) // zero beside an error
		return o, answer.Err
	case <-ctx.Done():
		return Organization{}, context.Cause(ctx)
	}
}

// SeenOrganization is Organization for callers that can do without the answer: one short
// attempt for all of them, and no other. It returns an empty ID if that failed.
func (c *Client) SeenOrganization(ctx context.Context) string {
	c.organization.attempt.Do(func() {
		if c.organization.known.Load() == nil {
			// An error is reported where the answer is needed. Others do not share this
			// attempt, because they do not have its limit.
			_, _ = c.GetOrganization(context.WithValue(ctx, onceKey{}, listTimeout))
		}
	})
	if known := c.organization.known.Load(); known != nil {
		return known.ID
	}
	return ""
}

// organizationCheck prevents calls in the wrong organization, where every token would
// seem to be gone.
type organizationCheck struct {
	// want is an ID, or empty for any.
	want  string
	known atomic.Pointer[Organization]
	// attempt guards the only attempt of SeenOrganization.
	attempt sync.Once
	asking  singleflight.Group
}

func (c *organizationCheck) check(o Organization) error {
	if c.want != "" && !strings.EqualFold(c.want, o.ID) {
		return fmt.Errorf("%w: it is of %q (%s), and the organization configured is %s", ErrOtherOrganization, o.Name, o.ID, c.want)
	}
	c.known.Store(&o)
	return nil
}

// checkOrganization confirms that the access token belongs to the configured
// organization, if there is one.
func (c *Client) checkOrganization(ctx context.Context) error {
	if c.organization.want == "" {
		return nil
	}
	if _, err := c.Organization(ctx); err != nil {
		return notSentError{err}
	}
	return nil
}

// KnownToken is what is known of an existing token. It decides whether a 404 about it
// counts.
type KnownToken struct {
	ID string
	// Settings are name and role as they were last seen. A list that differs may be out
	// of date, and is not used. Zero: not known.
	Settings TokenSettings
	// OrganizationID is where the token was last seen. Empty: not known.
	OrganizationID string
	// IssuedAt is when the token or its secret was issued. Zero: not known.
	IssuedAt time.Time
}

// recentTime is how long after a token was issued a server may still answer 404.
const recentTime = 10 * time.Minute

// LagTime is how long a 404 about a recently issued token is asked again. It is a
// variable for tests that do not wait.
var LagTime = 15 * time.Second

// confirmNotFound returns the error notFound if it counts: it comes from the token's own
// organization and, for a recently issued token, persists for LagTime. Otherwise it
// returns the result of again, or an error for which IsNotFound is false.
func (c *Client) confirmNotFound(ctx context.Context, k KnownToken, notFound error, again func() error) error {
	o, err := c.Organization(ctx)
	if err != nil {
		return notSentError{fmt.Errorf("the API does not find the token %s, and this cannot be confirmed: %w", k.ID, err)}
	}
	if k.OrganizationID != "" && !strings.EqualFold(k.OrganizationID, o.ID) {
		return notSentError{fmt.Errorf("%w: it is of %q (%s), and the token %s was last seen in %s",
			ErrOtherOrganization, o.Name, o.ID, k.ID, k.OrganizationID)}
	}
	if age := time.Since(k.IssuedAt); age > recentTime || age < -recentTime {
		return notFound
	}
	end := time.Now().Add(LagTime)
	for wait := time.Second; time.Now().Before(end) && IsNotFound(notFound); wait *= 2 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return notSentError{context.Cause(ctx)}
		}
		notFound = again()
	}
	return notFound
}
