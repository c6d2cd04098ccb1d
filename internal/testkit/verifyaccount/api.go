package verifyaccount

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// answer is an answer of the server. If there was none, err is set and status is 0.
type answer struct {
	status int
	// url is that of the request.
	url    *url.URL
	header http.Header
	body   any // nil if it is not JSON
	err    error
}

// seen describes the answer in a report.
func (a answer) seen() string {
	if a.err != nil {
		return "no answer"
	}
	return strconv.Itoa(a.status)
}

// login is the ID and the secret of a token.
type login struct{ id, secret string }

const (
	callTimeout = 30 * time.Second
	maxAnswer   = 4 << 20
)

// call sends one request to the API. A write is completed even if ctx has ended.
func (s *session) call(ctx context.Context, method, path string, as login, body string, header ...string) answer {
	if method != http.MethodGet {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	address := path
	if !strings.Contains(path, "://") {
		address = strings.TrimSuffix(s.o.Endpoint, "/") + path
	}
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	if as != (login{}) {
		s.authenticate(req, as)
	}
	a := s.do(req)
	s.noteHeaders(a)
	return a
}

func (s *session) authenticate(req *http.Request, as login) {
	if s.bearer {
		req.Header.Set("Authorization", "Bearer "+as.secret)
		return
	}
	req.SetBasicAuth(as.id, as.secret)
}

func (s *session) do(req *http.Request) answer {
	resp, err := s.http.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return answer{err: err}
	}
	a := answer{status: resp.StatusCode, url: req.URL, header: resp.Header}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	if decoder.Decode(&a.body) != nil {
		a.body = nil
	}
	return a
}

// noteHeaders checks what all answers have in common.
func (s *session) noteHeaders(a answer) {
	if a.err != nil {
		return
	}
	if a.header.Get("X-Request-Id") != "" {
		s.holds("request ID", "X-Request-Id")
	} else {
		var like []string
		for name := range a.header {
			if strings.Contains(strings.ToLower(name), "request-id") || strings.Contains(strings.ToLower(name), "trace") {
				like = append(like, name)
			}
		}
		s.differs("request ID", "an answer without it, but with the headers "+names(like))
	}
	var limits []string
	for name := range a.header {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "ratelimit") || strings.HasPrefix(lower, "x-ratelimit") {
			limits = append(limits, name)
		}
	}
	if len(limits) > 0 {
		s.differs("rate limit headers", names(limits))
	} else {
		s.holds("rate limit headers", "none")
	}
	if a.body != nil && a.status < http.StatusBadRequest {
		if mediaType, _, _ := mime.ParseMediaType(a.header.Get("Content-Type")); mediaType == "application/json" {
			s.holds("media type", mediaType)
		} else {
			s.differs("media type", "another one")
		}
	}
	if a.status == http.StatusConflict {
		s.holds("error 409", "409")
	}
	if a.status >= http.StatusBadRequest {
		s.noteError(a)
	}
}

// noteError checks the body of an error.
func (s *session) noteError(a answer) {
	switch {
	case text(a.body, "code") != "" && text(a.body, "message") != "":
		s.holds("error body", "code and message")
	case strings.HasPrefix(a.header.Get("Content-Type"), "application/problem+json"):
		s.differs("error body", "application/problem+json (RFC 9457), which the client bears")
	case a.body == nil:
		s.differs("error body", "something that is not JSON")
	default:
		s.differs("error body", describe(a.body))
	}
}

// newKey returns an idempotency key: a UUID.
func newKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it does not fail
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
