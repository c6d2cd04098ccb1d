package mockserver

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing/iotest"
)

// InMemory calls a handler without a network: the clock of testing/synctest stands still
// while a goroutine waits for one.
type InMemory struct{ http.Handler }

// RoundTrip implements http.RoundTripper. A handler that cuts the connection, a request
// that has ended meanwhile, and an answer that is shorter than it says are errors.
func (m InMemory) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	ctx := req.Context()
	received := req.Clone(ctx)
	if received.Body == nil {
		received.Body = http.NoBody
	}
	defer received.Body.Close()
	received.Header = http.Header{}
	for name, values := range req.Header { // a server has the names in one form
		received.Header[http.CanonicalHeaderKey(name)] = values
	}
	w := httptest.NewRecorder()
	defer func() {
		if recover() != nil {
			resp, err = nil, http.ErrAbortHandler
		}
	}()
	m.ServeHTTP(w, received)
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	resp = w.Result()
	resp.Request = req
	if resp.ContentLength > int64(w.Body.Len()) && req.Method != http.MethodHead {
		resp.Body = io.NopCloser(io.MultiReader(w.Body, iotest.ErrReader(io.ErrUnexpectedEOF)))
	}
	return resp, nil
}
