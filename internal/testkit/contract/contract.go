// Package contract is the contract with the API as an OpenAPI document, and a handler
// that checks both sides of every call against it. Only tests use it.
package contract

import (
	"bytes"
	"context"
	_ "embed" // for the document
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

//go:embed openapi.yaml
var document []byte

// Checker checks calls against the contract.
type Checker struct {
	router    routers.Router
	violation func(error)
}

// New returns a checker that calls violation for every violation, from any goroutine, or
// an error if the document itself is invalid.
func New(violation func(error)) (*Checker, error) {
	router, err := router()
	return &Checker{router, violation}, err
}

// router is created once: parsing and validating the document takes longer than most
// tests.
var router = sync.OnceValues(func() (routers.Router, error) {
	doc, err := load()
	if err != nil {
		return nil, err
	}
	doc.Servers = openapi3.Servers{{URL: "/v1"}} // on any host
	return gorillamux.NewRouter(doc)
})

// Hold returns a wrapper for an API in one test, in which a violation of the contract is
// an error.
func Hold(t testing.TB) func(http.Handler) http.Handler {
	t.Helper()
	checker, err := New(func(err error) { t.Errorf("the contract is broken: %s", err) })
	if err != nil {
		t.Fatal(err)
	}
	return checker.Wrap
}

// Wrap passes every call on to api. It checks the request, unless it was rejected as
// invalid, and the answer.
func (c *Checker) Wrap(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		if err != nil {
			c.violation(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(content))
		answer := httptest.NewRecorder()
		api.ServeHTTP(answer, r)
		r.Body = io.NopCloser(bytes.NewReader(content))
		c.check(r, answer)

		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

func (c *Checker) check(r *http.Request, answer *httptest.ResponseRecorder) {
	refused := answer.Code == http.StatusBadRequest || answer.Code == http.StatusUnauthorized || answer.Code == http.StatusUnprocessableEntity
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		if answer.Code != http.StatusNotFound {
			c.violation(fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err))
		}
		return
	}
	input := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc:                hasBasic,
			IncludeResponseStatus:             true,
			RejectWhenRequestBodyNotSpecified: true,
			SkipSettingDefaults:               true,
		},
	}
	if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil && !refused {
		c.violation(fmt.Errorf("request %s %s: %w", r.Method, r.URL.Path, err))
	}
	err = openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: answer.Code, Header: answer.Header(),
		Body: io.NopCloser(bytes.NewReader(answer.Body.Bytes())), Options: input.Options,
	})
	if err != nil {
		c.violation(fmt.Errorf("answer %d to %s %s: %w", answer.Code, r.Method, r.URL.Path, err))
	}
}

func hasBasic(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	if _, _, ok := in.RequestValidationInput.Request.BasicAuth(); !ok {
		return errors.New("no Basic credentials")
	}
	return nil
}

func load() (*openapi3.T, error) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(document)
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(loader.Context)
}

// Line returns the number of the line of the OpenAPI document that begins with this text,
// without its indentation, 0 if there is none.
func Line(begins string) int {
	for i, line := range strings.Split(string(document), "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), begins) {
			return i + 1
		}
	}
	return 0
}
