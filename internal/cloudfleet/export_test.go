package cloudfleet

import (
	"errors"
	"net/http"
	"time"
)

var (
	CheckRetry = checkRetry
	NextPage   = nextPage
	Network    = network
	NewOver    = newOver
	NewPace    = newPace
)

// Wait is how long the client waits after an answer before it sends again.
func (c *Client) Wait(attempt int, resp *http.Response) time.Duration {
	return c.http.Backoff(c.http.RetryWaitMin, c.http.RetryWaitMax, attempt, resp)
}

// RetryQuickly makes the waits between attempts as short as a test wants them,
// except for those that a server asks for.
func (c *Client) RetryQuickly() {
	if c.http != nil {
		c.http.RetryWaitMin, c.http.RetryWaitMax = time.Millisecond, time.Millisecond
	}
}

// StatusCode is the HTTP status of an answer that was an error, else 0.
func StatusCode(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.StatusCode
	}
	return 0
}
