package mockserver

import (
	"context"
	"net/http"
	"net/http/httptest"
)

// InMemory calls a handler without a network: the clock of testing/synctest stands still
// while a goroutine waits for one.
type InMemory struct{ http.Handler }

// RoundTrip implements http.RoundTripper. A handler that cuts the connection, or a request
// that has ended meanwhile, is an error.
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
	return resp, nil
}
