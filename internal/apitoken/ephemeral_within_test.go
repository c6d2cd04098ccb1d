package apitoken

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestReasonOfACallThatFailed(t *testing.T) {
	failed := errors.New("connection refused")
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		ctx   context.Context
		limit time.Duration
		want  string
	}{
		"in time":     {t.Context(), time.Hour, "connection refused"},
		"late":        {t.Context(), time.Nanosecond, "within 1ns"},
		"interrupted": {interrupted, time.Hour, "context canceled"},
	} {
		ctx, cancel := withTimeout(test.ctx, test.limit)
		defer cancel()
		if test.limit == time.Nanosecond {
			<-ctx.Done()
		}
		if got := timeoutCause(ctx, failed); !strings.Contains(got.Error(), test.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}
