package cloudfleet

import (
	"context"
	"net/http"
)

// GetOrganization returns the organization that the access token belongs to.
// Any valid token may ask (GET /organization).
func (c *Client) GetOrganization(ctx context.Context) (Organization, error) {
	o, resp, err := send[Organization](ctx, c, request{method: http.MethodGet, path: []string{pathOrganization}, repeatable: true})
	if err == nil && o.ID == "" {
		err = unexpected(resp, "the answer has no ID of an organization")
	}
	return o, err
}
