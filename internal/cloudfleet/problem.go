package cloudfleet

import (
	"cmp"
	"encoding/json"
	"net/http"
	"path"
	"strings"
)

// problemType is the media type of an error in the form of RFC 9457.
const problemType = "application/problem+json"

// problem is such an error. Code is a common extension.
type problem struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Detail string         `json:"detail"`
	Code   string         `json:"code"`
	Errors []problemField `json:"errors"`
}

// problemField is an error in a part of the request. APIs name that part in different
// ways.
type problemField struct {
	Field   string `json:"field"`
	Name    string `json:"name"`
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
	Message string `json:"message"`
}

// readProblem fills in the error from a problem, and reports whether content is one.
func (e *Error) readProblem(content []byte) bool {
	var p problem
	if json.Unmarshal(content, &p) != nil {
		return false
	}
	e.Code = p.code(e.StatusCode)
	e.Message = cmp.Or(p.Detail, p.Title, http.StatusText(e.StatusCode))
	for _, f := range p.Errors {
		field := cmp.Or(f.Field, f.Name, strings.TrimPrefix(strings.TrimPrefix(f.Pointer, "#"), "/"))
		e.Details = append(e.Details, FieldError{Field: field, Message: cmp.Or(f.Detail, f.Message)})
	}
	return true
}

// code returns the problem's own code, else the last part of its type, else the name of
// the status, such as not_found for a 404.
func (p problem) code(status int) string {
	kind := path.Base(strings.TrimSuffix(p.Type, "/"))
	if p.Type == "" || p.Type == "about:blank" {
		kind = http.StatusText(status)
	}
	return strings.ToLower(strings.NewReplacer(" ", "_", "-", "_").Replace(cmp.Or(p.Code, kind)))
}
