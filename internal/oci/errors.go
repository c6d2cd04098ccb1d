package oci

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
)

// Causes of an answer that cannot be used.
var (
	ErrTooLarge      = roundtrip.ErrBodyTooLarge
	ErrLinkElsewhere = roundtrip.ErrLinkElsewhere
	ErrNoRealm       = roundtrip.Refuse("the registry's challenge has no realm, which says where to log in")
	// ErrNoTag is returned if the registry has no such tag or digest.
	ErrNoTag = errors.New("there is no such tag")
	// ErrPage is returned for a page of HTML in place of an answer.
	ErrPage = errors.New("a page of HTML came in place of an answer")
	// ErrSchema1 is returned for an image in a format that registries no longer accept.
	ErrSchema1 = errors.New("the image has Docker's old format, schema 1, which current registries and clients refuse")
)

// Error is an unexpected answer.
type Error struct {
	// Host is that of the registry.
	Host string
	// Method and Path are those of the request.
	Method, Path string
	// StatusCode is the HTTP status.
	StatusCode int
	// Code and Message are the registry's own. They are empty when it sent none.
	Code, Message string
	// Login says which login was rejected, if that is known.
	Login string
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s %s: %s", e.Method, e.Path, e.Status())
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// Status returns the status in digits and words, with the registry's code if there is
// one: `404 Not Found (NAME_UNKNOWN)`.
func (e *Error) Status() string {
	s := fmt.Sprintf("%d %s", e.StatusCode, http.StatusText(e.StatusCode))
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	return s
}

// IsQuota reports whether the registry has no more room.
func (e *Error) IsQuota() bool {
	text := strings.ToLower(e.Code + " " + e.Message)
	return e.StatusCode == http.StatusInsufficientStorage || strings.Contains(text, "quota") || strings.Contains(text, "storage limit")
}

func hasStatus(err error, statuses ...int) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && slices.Contains(statuses, e.StatusCode)
}

// IsNotFound reports whether the registry answered that something does not exist.
func IsNotFound(err error) bool { return hasStatus(err, http.StatusNotFound) }

// UnansweredError is the error of a request that did not reach the registry, was not
// answered in full, or was not sent to protect the credentials.
type UnansweredError struct {
	// Host is that of the registry.
	Host string
	error
}

func (e UnansweredError) Unwrap() error { return e.error }

// ContentError is the error of content that cannot be used.
type ContentError struct {
	// Host is that of the registry.
	Host string
	error
}

func (e ContentError) Unwrap() error { return e.error }

// SourceError is the error of a copy that is caused by the source or its registry.
type SourceError struct{ error }

func (e SourceError) Unwrap() error { return e.error }

// AtSource returns err as a SourceError, or nil.
func AtSource(err error) error {
	if err == nil {
		return nil
	}
	return SourceError{err}
}
