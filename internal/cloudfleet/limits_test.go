package cloudfleet_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

func TestRequestTimeout(t *testing.T) {
	t.Parallel()
	drip := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	}
	for name, handler := range map[string]http.HandlerFunc{"no answer": hang, "an answer in drips": drip} {
		for _, call := range calls(someID) {
			t.Run(name+"/"+call.name, func(t *testing.T) {
				t.Parallel()
				o := serve(t, handler)
				// Long enough for a busy machine to connect in.
				o.RequestTimeout, o.MaxRetries = time.Second, 0
				err := call.do(t.Context(), newClient(t, o))
				wantError(t, err, "request timeout of 1s")
				if !cloudfleet.MayHaveActed(err) {
					t.Error("MayHaveActed is sure that nothing happened")
				}
			})
		}
	}
}

// The timeout is of an attempt, not of the call.
func TestRequestTimeoutIsFollowedByAnotherAttempt(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"get", "update", "create"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := start(t)
			call := callNamed(t, name, cloud.newToken(t).ID)
			// Long enough for a busy machine to answer the second attempt in.
			cloud.options.RequestTimeout = 500 * time.Millisecond
			count := cloud.failFirst(1, http.HandlerFunc(hang))
			if err := call.do(t.Context(), newClient(t, cloud.options)); err != nil {
				t.Error(err)
			}
			wantCount(t, count, 2)
		})
	}
}

func TestAnswerThatBreaksOff(t *testing.T) {
	t.Parallel()
	tooShort := answer(http.StatusOK, `{"id":`, "Content-Length", "1000")
	flushAndCut := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"id":`)
		_ = http.NewResponseController(w).Flush()
		cut(w, r)
	}
	for fault, handler := range map[string]http.HandlerFunc{"too short": tooShort, "cut": flushAndCut} {
		for _, name := range []string{"get", "list", "update", "regenerate", "create"} {
			t.Run(fault+"/"+name, func(t *testing.T) {
				t.Parallel()
				cloud := start(t)
				call := callNamed(t, name, cloud.newToken(t).ID)
				count := cloud.failFirst(1, handler)
				if err := call.do(t.Context(), newClient(t, cloud.options)); err != nil {
					t.Error(err)
				}
				wantCount(t, count, 2)

				cloud.options.MaxRetries = 0
				count = cloud.failFirst(1, handler)
				err := call.do(t.Context(), newClient(t, cloud.options))
				wantError(t, err, "broke off", "200")
				if !cloudfleet.MayHaveActed(err) {
					t.Error("MayHaveActed is sure that nothing happened")
				}
				wantCount(t, count, 1)
			})
		}
	}
}

const mebibyte = 1 << 20

func organizationOf(size int) string {
	const body = `{"id":"9c1f0a52-5b0e-4b0e-8f0a-0123456789ab","name":"Test"}`
	return body + strings.Repeat(" ", size-len(body))
}

func TestLargestAnswer(t *testing.T) {
	t.Parallel()
	o, err := newClient(t, serve(t, answer(http.StatusOK, organizationOf(4*mebibyte)))).GetOrganization(t.Context())
	if err != nil || o.Name != "Test" {
		t.Errorf("got %+v, %v", o, err)
	}
}

func TestAnswerAboveTheLargest(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, organizationOf(5*mebibyte))
	_ = z.Close()
	for name, handler := range map[string]http.Handler{
		"one byte more":   answer(http.StatusOK, organizationOf(4*mebibyte+1)),
		"with an error":   answer(http.StatusInternalServerError, organizationOf(4*mebibyte+1)),
		"once unpacked":   answer(http.StatusOK, packed.String(), "Content-Encoding", "gzip"),
		"without any end": http.HandlerFunc(endless),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := start(t)
			cloud.options.RequestTimeout = 5 * time.Second
			count := cloud.failFirst(100, handler)
			_, err := newClient(t, cloud.options).GetOrganization(t.Context())
			wantError(t, err, "more than 4 MiB")
			wantCount(t, count, 1)
		})
	}
}

// endless is limited to 64 MiB, in case a client reads it all.
func endless(w http.ResponseWriter, r *http.Request) {
	block := bytes.Repeat([]byte(" "), mebibyte)
	for range 64 {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
	hang(w, r)
}

func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, call := range calls(someID) {
			t.Run(fmt.Sprint(status, " ", call.name), func(t *testing.T) {
				t.Parallel()
				var strangers, here atomic.Int32
				stranger := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strangers.Add(1) }))
				c := newClient(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					here.Add(1)
					http.Redirect(w, r, stranger.Endpoint, status)
				})))
				err := call.do(t.Context(), c)
				wantError(t, err, strconv.Itoa(status), "redirect", "not followed")
				if cloudfleet.StatusCode(err) != status || cloudfleet.MayHaveActed(err) {
					t.Errorf("got %#v", err)
				}
				wantCount(t, &strangers, 0)
				wantCount(t, &here, 1)
			})
		}
	}
}
