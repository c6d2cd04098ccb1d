package cloudfleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
)

// Error is an unexpected answer: a status from 300 on, or a lower one with a body that
// cannot be used.
type Error struct {
	// Method and Path are those of the request.
	Method, Path string
	// StatusCode is the HTTP status.
	StatusCode int
	// Code and Message are the API's own. Code is empty if the answer did not come from
	// the API itself, for example from a proxy.
	Code, Message string
	// Details are errors in fields of the request.
	Details []FieldError
	// Foreign is set if the answer is JSON of a form that this version does not know.
	Foreign bool
	// RequestID identifies the request for Cloudfleet's support. It may be empty.
	RequestID string
	// RetryAfter is the header as it was received. It may be empty.
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

// Status returns the status in digits and words, with the API's code if there is one:
// `404 Not Found (not_found)`.
func (e *Error) Status() string {
	s := strings.TrimSpace(fmt.Sprintf("%d %s", e.StatusCode, http.StatusText(e.StatusCode)))
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	return s
}

// IsNotFound reports whether the API answered, with its code as well as the status, that
// something does not exist. A 404 of a proxy, or of a mistyped endpoint, does not count.
func IsNotFound(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.StatusCode == http.StatusNotFound && e.Code == codeNotFound && !wasNotSent(err)
}

// IsWrongEndpoint reports whether an answer says that there is no API at this endpoint: a
// 404 that is not the API's, or one to a call that needs nothing but the API.
func IsWrongEndpoint(e *Error) bool {
	isGeneral := !strings.Contains(e.Path, "/"+pathTokens+"/")
	return (e.StatusCode == http.StatusNotFound || e.StatusCode == http.StatusMethodNotAllowed) && (e.Code == "" || isGeneral)
}

// MayHaveActed reports whether the server may have carried out the call in spite of err:
// an attempt got no answer, one that cannot be understood, or a status from 500 on.
func MayHaveActed(err error) bool {
	e, ok := errors.AsType[*Error](err)
	_, ambiguous := errors.AsType[AmbiguousError](err)
	return (ambiguous || ok && e.StatusCode < 300) && !wasNotSent(err)
}

// AmbiguousError is the error of a call of which it is not known whether the server
// carried it out.
type AmbiguousError struct{ error }

func (e AmbiguousError) Unwrap() error { return e.error }

// notSentError is the error of a check before a call. The call itself was not sent.
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
		return e.printable()
	}
	var body errorBody
	if json.Unmarshal(content, &body) == nil && body.Code != "" {
		e.Code, e.Message, e.Details = body.Code, body.Message, body.Details
		return e.printable()
	}
	// The error does not repeat another server's page: it may contain anything.
	switch {
	case resp.StatusCode < 400:
		e.Message = "the answer is a redirect, which is not followed, to protect the credentials"
	case len(content) == 0:
		e.Message = "the answer has no body"
	case err != nil:
		e.Message = "the answer is not an error of the API"
	default:
		e.Message = "the answer is not an error of the API, but " + kind
	}
	return e
}

// printable replaces what the API's words could do to a terminal.
func (e *Error) printable() *Error {
	e.Code, e.Message = roundtrip.Printable(e.Code), roundtrip.Printable(e.Message)
	for i, d := range e.Details {
		e.Details[i] = FieldError{roundtrip.Printable(d.Field), roundtrip.Printable(d.Message)}
	}
	return e
}

// foreign returns an error for an answer that is JSON, but not of the expected form.
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
		RequestID:  roundtrip.Printable(resp.Header.Get(headerRequestID)),
		RetryAfter: roundtrip.Printable(resp.Header.Get("Retry-After")),
	}
}
