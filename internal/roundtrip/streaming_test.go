package roundtrip

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

type answering func(*http.Request) (*http.Response, error)

func (f answering) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// trickle is a body of this many slow bytes, which then stops or ends.
type trickle struct {
	ctx         context.Context
	left        int
	every       time.Duration
	standsStill bool
	isEmpty     bool // each read has no byte
}

func (b *trickle) Read(p []byte) (int, error) {
	if b.left == 0 {
		if b.standsStill {
			<-b.ctx.Done()
			return 0, b.ctx.Err()
		}
		return 0, io.EOF
	}
	time.Sleep(b.every)
	if b.isEmpty {
		return 0, b.ctx.Err()
	}
	n := min(len(p), b.left)
	b.left -= n
	return n, nil
}

func (*trickle) Close() error { return nil }

// A body of any size and duration is passed through while there is progress.
func TestStreaming(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		size        int
		standsStill bool
		isEmpty     bool
		want        error
	}{
		"more than is read at once": {4 * BodyMax, false, false, nil},
		"stands still":              {BodyMax, true, false, context.DeadlineExceeded},
		"reads nothing":             {1, false, true, context.DeadlineExceeded},
	} {
		synctest.Test(t, func(t *testing.T) {
			limits := Limits{Timeout: time.Second, Next: answering(func(r *http.Request) (*http.Response, error) {
				return &http.Response{
					StatusCode: http.StatusOK,
					Body:       &trickle{r.Context(), test.size, 900 * time.Millisecond, test.standsStill, test.isEmpty},
				}, nil
			})}
			req, err := http.NewRequestWithContext(Streaming(t.Context()), http.MethodGet, "http://127.0.0.1/", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := limits.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			n, err := io.Copy(io.Discard, resp.Body)
			if !test.isEmpty && n != int64(test.size) || !errors.Is(err, test.want) {
				t.Errorf("%s: %d bytes, %v", name, n, err)
			}
		})
	}
}

// A request may take as long as there is progress. An answer that does not begin is given
// up.
func TestStreamingWhatIsSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limits := Limits{Timeout: time.Second, Next: answering(func(r *http.Request) (*http.Response, error) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return nil, err
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		ctx := Streaming(t.Context())
		req, err := http.NewRequestWithContext(
			ctx,
			http.MethodPut,
			"http://127.0.0.1/",
			&trickle{ctx, 10 << 15, 900 * time.Millisecond, false, false},
		)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		resp, err := limits.RoundTrip(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took < 9*time.Second || took > time.Minute {
			t.Errorf("after %s: %v", took, err)
		}
	})
}
