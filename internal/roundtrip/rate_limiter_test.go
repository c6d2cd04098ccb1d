package roundtrip

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
)

// A request that is cancelled during its wait lets the next one go.
func TestCancelledWaitLeavesItsPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const every = 4 * time.Second
		limited := (*throttle)(nil).then(0)
		limited.limit = rate.Every(every)
		limited.limiter = rate.NewLimiter(limited.limit, 1)
		if err := limited.wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := limited.wait(short); err == nil {
			t.Error("it did not wait")
		}
		if err := limited.wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took < every-time.Second || took > every {
			t.Errorf("the next request was sent after %s", took)
		}
	})
}
