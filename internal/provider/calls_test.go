package provider

import (
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Calls of a registry have the limits of the provider block. An unknown limit does not
// prevent a read.
func TestCalls(t *testing.T) {
	for _, test := range []struct {
		timeout, retries types.String
		wantTimeout      time.Duration
		wantRetries      int
	}{
		{types.StringValue("7s"), types.StringValue("0"), 7 * time.Second, 0},
		{types.StringUnknown(), types.StringUnknown(), 30 * time.Second, 4},
	} {
		got := settings{requestTimeout: test.timeout, maxRetries: test.retries}.calls("agent/1")
		if got.RequestTimeout != test.wantTimeout || got.MaxRetries != test.wantRetries || got.UserAgent != "agent/1" || got.Log == nil {
			t.Errorf("%s, %s: got %+v", test.timeout, test.retries, got)
		}
	}
}
