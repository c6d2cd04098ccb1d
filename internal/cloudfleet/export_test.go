package cloudfleet

import (
	"errors"
	"net/http"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
)

var (
	CheckRetry     = checkRetry
	NextPage       = nextPage
	NewRateLimiter = roundtrip.NewRateLimiter
)

// Wait is how long the client waits after an answer before it sends again.
func (c *Client) Wait(attempt int, resp *http.Response) time.Duration {
	return c.http.Backoff(c.http.RetryWaitMin, c.http.RetryWaitMax, attempt, resp)
}

// RetryQuickly shortens the waits between attempts for tests, except for waits of more
// than a second that a server asks for.
func (c *Client) RetryQuickly() {
	if c.http == nil {
		return
	}
	quickly := func(wait time.Duration) time.Duration {
		if wait <= roundtrip.RetryWaitMin {
			return time.Millisecond
		}
		return wait
	}
	c.http.RetryWaitMin, c.http.RetryWaitMax = time.Millisecond, time.Millisecond
	c.http.Backoff = func(waitMin, waitMax time.Duration, attempt int, resp *http.Response) time.Duration {
		return quickly(roundtrip.Backoff(waitMin, waitMax, attempt, resp))
	}
	limiter, _ := c.http.HTTPClient.Transport.(*roundtrip.RateLimiter)
	limiter.RetryAfter = func(resp *http.Response) (time.Duration, bool) {
		wait, short := roundtrip.RetryAfter(resp)
		return quickly(wait), short
	}
}

// StatusCode is the HTTP status of an answer that was an error, else 0.
func StatusCode(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.StatusCode
	}
	return 0
}
