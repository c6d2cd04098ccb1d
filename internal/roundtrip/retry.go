package roundtrip

import (
	"context"
	"crypto/tls"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Waits between attempts.
const (
	// RetryWaitMin and RetryWaitMax limit the wait between two attempts, which doubles
	// each time.
	RetryWaitMin = time.Second
	RetryWaitMax = 30 * time.Second
	// RetryAfterMax is the longest Retry-After to wait for. Longer waits are left to the
	// user.
	RetryAfterMax = 2 * time.Minute
)

// IsThrottled reports whether a server asks to come back later: 429, or 503 with a
// Retry-After.
func IsThrottled(resp *http.Response) bool {
	return resp != nil && (resp.StatusCode == http.StatusTooManyRequests ||
		resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "")
}

// RetryAfter returns how long an answer asks to wait, and whether that is short enough to
// wait for. It is never below RetryWaitMin: a shorter wait, or a date in the past, does
// not speed up requests. Parts of a second are rounded up. A date is compared with the
// answer's own Date, because the server's clock may be wrong.
func RetryAfter(resp *http.Response) (wait time.Duration, short bool) {
	seconds := retryAfterSeconds(resp.Header)
	if !(seconds <= RetryAfterMax.Seconds()) {
		return RetryAfterMax, false
	}
	return max(time.Duration(math.Ceil(seconds))*time.Second, RetryWaitMin), true
}

func retryAfterSeconds(header http.Header) float64 {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if strings.Trim(value, "+-.0123456789") == "" {
		seconds, _ := strconv.ParseFloat(value, 64) // 0 if invalid, infinite if too large
		return max(seconds, 0)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(at.Sub(now).Seconds(), 0)
}

// Backoff returns the wait before the next attempt: 1, 2, 4, … seconds, or longer if a
// throttled answer asks for it.
func Backoff(waitMin, waitMax time.Duration, attempt int, resp *http.Response) time.Duration {
	wait := retryablehttp.DefaultBackoff(waitMin, waitMax, attempt, nil)
	if IsThrottled(resp) {
		asked, _ := RetryAfter(resp)
		wait = max(wait, asked)
	}
	return wait
}

// ShouldRetry reports whether to send a request again that may be repeated: no answer
// came, it was incomplete, the server failed, or it throttles for a time that is short
// enough to wait for.
func ShouldRetry(ctx context.Context, resp *http.Response, err error) bool {
	switch {
	case ctx.Err() != nil, isPermanent(err), isFinal(resp, err):
		return false
	case IsThrottled(resp):
		_, short := RetryAfter(resp)
		return short
	}
	retry, _ := retryablehttp.DefaultRetryPolicy(ctx, resp, err)
	return retry
}

// isFinal reports whether the rate limiter has given up.
func isFinal(resp *http.Response, err error) bool {
	if resp != nil {
		_, final := resp.Body.(finalBody)
		return final
	}
	_, gaveUp := errors.AsType[GaveUpError](err)
	return gaveUp
}

// refusal is the error of a request that this machine did not send. Another attempt would
// end the same.
type refusal string

func (e refusal) Error() string { return string(e) }

// Refuse returns the error of a request that is not sent, and not tried again.
func Refuse(reason string) error { return refusal(reason) }

// isPermanent reports whether another attempt would end the same: the request was refused
// here, the certificate is wrong, or the server does not use TLS.
func isPermanent(err error) bool {
	_, refused := errors.AsType[refusal](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	for _, target := range []error{ErrBodyTooLarge, ErrLinkElsewhere, http.ErrSchemeMismatch} {
		refused = refused || errors.Is(err, target)
	}
	return refused || untrusted
}
