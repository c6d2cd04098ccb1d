package cloudfleet

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/singleflight"
)

// ErrOtherOrganization is what every call returns when the access token is not of
// the organization that Options has.
var ErrOtherOrganization = errors.New("the access token belongs to another organization")

// GetOrganization returns the organization that the access token belongs to.
// Any valid token may ask (GET /organization).
func (c *Client) GetOrganization(ctx context.Context) (Organization, error) {
	o, resp, err := ask[Organization](ctx, c, request{method: http.MethodGet, path: []string{pathOrganization}})
	if err == nil && o.ID == "" {
		err = unexpected(resp, "the answer has no ID of an organization")
	}
	if err == nil {
		err = c.organization.check(o)
	}
	return o, err
}

// organizationCheck keeps a client from working on another organization than the
// one that is meant: there, every token that it looks for would seem to be gone.
type organizationCheck struct {
	// want is an ID, or empty for any.
	want   string
	passed atomic.Bool
	asking singleflight.Group
}

func (c *organizationCheck) check(o Organization) error {
	if c.want != "" && !strings.EqualFold(c.want, o.ID) {
		return fmt.Errorf("%w: it is of %q (%s), and the organization configured is %s", ErrOtherOrganization, o.Name, o.ID, c.want)
	}
	c.passed.Store(true)
	return nil
}

// checkOrganization asks once for all calls. A question without an answer is asked
// again by the next of them.
func (c *Client) checkOrganization(ctx context.Context) error {
	if c.organization.want == "" || c.organization.passed.Load() {
		return nil
	}
	for {
		_, err, _ := c.organization.asking.Do("", func() (any, error) { return c.GetOrganization(ctx) })
		switch {
		case err == nil:
			return nil
		case errors.Is(err, context.Canceled) && ctx.Err() == nil:
			// Another call has asked, and was cancelled.
		default:
			return unsentError{err}
		}
	}
}
