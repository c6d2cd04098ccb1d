package roundtrip

import (
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// windowMax is how many requests Terraform makes at a time. From there on, the number
	// is not limited.
	windowMax = 10
	// carefulDoublingTime is how long after a wait the rate has doubled.
	carefulDoublingTime = 30 * time.Second
	// burstPause is how long nothing is sent between two bursts.
	burstPause = time.Second
)

// slowStart allows one request at a time, and one more after each round in which all were
// served, so that few are in flight when a limit is reached. It counts what the server
// serves without a wait: the first estimate of its limit.
type slowStart struct {
	free chan struct{}

	mu     sync.Mutex
	window float64
	// began and last are when the requests of this burst began and when the last was
	// answered. served is how many were served.
	began, last time.Time
	served      float64
}

func newSlowStart() *slowStart {
	s := &slowStart{free: make(chan struct{}, windowMax), window: 1}
	s.free <- struct{}{}
	return s
}

// begin returns when a request may be sent. Call the returned function with the answer.
func (s *slowStart) begin(ctx context.Context) (done func(*http.Response), err error) {
	s.mu.Lock()
	isOver := s.window >= windowMax
	if now := time.Now(); now.Sub(s.last) > burstPause {
		s.began, s.served = now, 0
	}
	s.mu.Unlock()
	if isOver {
		return s.answered, nil
	}
	select {
	case <-s.free:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return func(resp *http.Response) {
		s.answered(resp)
		s.free <- struct{}{}
	}, nil
}

func (s *slowStart) answered(resp *http.Response) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = time.Now()
	if resp == nil || IsThrottled(resp) {
		return
	}
	s.served++
	if s.window < windowMax {
		before := int(s.window)
		s.window += 1 / s.window
		if int(s.window) > before && int(s.window) < windowMax {
			s.free <- struct{}{}
		}
	}
}

// rate is the server's rate if it serves as much again after the wait that it asks for.
func (s *slowStart) rate(wait time.Duration) rate.Limit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return rate.Limit(max(s.served/(time.Since(s.began)+wait).Seconds(), 1))
}
