package cloudfleet

import (
	"errors"
	"time"
)

var (
	CheckRetry = checkRetry
	NextPage   = nextPage
	NewOver    = newOver
	NewPace    = newPace
)

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
