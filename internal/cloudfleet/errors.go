package cloudfleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
)

// Error is an answer that is not the one that was asked for: a status from 300
// on, or one below with a body that makes no sense.
type Error struct {
	// Method and Path are the request's.
	Method, Path string
	// StatusCode is the HTTP status.
	StatusCode int
	// Code and Message are the API's own. Code is empty when the answer did not
	// come from the API itself, say from a proxy in between.
	Code, Message string
	// Details says what is wrong with which field of the request.
	Details []FieldError
	// Foreign is set where the answer is JSON of another form than this version knows.
	Foreign bool
	// RequestID is what Cloudfleet's support asks for. It may be empty.
	RequestID string
	// RetryAfter is the header as it came. It may be empty.
	RetryAfter string
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %s: %s", e.Method, e.Path, e.Status(), e.Message)
	for _, d := range e.Details {
		fmt.Fprintf(&b, "; %s: %s", d.Field, d.Message)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request ID %s)", e.RequestID)
	}
	return b.String()
}

// Status is the status in digits and words, with the API's code where it gave
// one: `404 Not Found (not_found)`.
func (e *Error) Status() string {
	s := strings.TrimSpace(fmt.Sprintf("%d %s", e.StatusCode, http.StatusText(e.StatusCode)))
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	return s
}

// IsNotFound reports whether the API said, with its code as well as the status, that
// the thing asked for does not exist. A 404 of a proxy in between, or of a mistyped
// endpoint, is no such answer.
func IsNotFound(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.StatusCode == http.StatusNotFound && e.Code == codeNotFound && !wasNotSent(err)
}

// MayHaveActed reports whether the server may have done what it was asked in spite
// of err: to one of the attempts no answer came, or none that can be understood,
// or a status from 500 on.
func MayHaveActed(err error) bool {
	e, ok := errors.AsType[*Error](err)
	_, ambiguous := errors.AsType[AmbiguousError](err)
	return (ambiguous || ok && e.StatusCode < 300) && !wasNotSent(err)
}

// AmbiguousError is the error of a call after which it is not known what the server
// has done.
type AmbiguousError struct{ error }

func (e AmbiguousError) Unwrap() error { return e.error }

// notSentError is the error of what is asked before a call, which was not sent then:
// it says nothing about what the call is about.
type notSentError struct{ error }

func (e notSentError) Unwrap() error { return e.error }

func wasNotSent(err error) bool {
	_, notSent := errors.AsType[notSentError](err)
	return notSent
}

func errorFrom(resp *http.Response, content []byte) *Error {
	e := unexpected(resp, "")
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if kind == problemType && resp.StatusCode >= http.StatusBadRequest && e.readProblem(content) {
		return e
	}
	var body errorBody
	if json.Unmarshal(content, &body) == nil && body.Code != "" {
		e.Code, e.Message, e.Details = body.Code, body.Message, body.Details
		return e
	}
	// What somebody else's page says is not repeated: it may hold anything.
	switch {
	case resp.StatusCode < 400:
		e.Message = "the answer is a redirect, which is not followed, so that credentials stay with the host they are meant for"
	case len(content) == 0:
		e.Message = "the answer has no body"
	case err != nil:
		e.Message = "the answer is not an error of the API"
	default:
		e.Message = "the answer is not an error of the API, but " + kind
	}
	return e
}

// foreign is an answer that is JSON, but not of the form that was expected.
func foreign(resp *http.Response, message string) *Error {
	e := unexpected(resp, message)
	e.Foreign = true
	return e
}

func unexpected(resp *http.Response, message string) *Error {
	return &Error{
		Method:     resp.Request.Method,
		Path:       resp.Request.URL.Path,
		StatusCode: resp.StatusCode,
		Message:    message,
		RequestID:  resp.Header.Get(headerRequestID),
		RetryAfter: resp.Header.Get("Retry-After"),
	}
}
