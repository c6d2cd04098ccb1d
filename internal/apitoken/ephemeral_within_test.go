package apitoken

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
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

// silent never answers.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, context.Cause(r.Context())
}

// Neither the sweep before a run nor the deletion after it delays the run for long.
func TestSweepAndRemoveEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, err := cloudfleet.NewOver(silent{}, cloudfleet.Options{
			Endpoint: "http://127.0.0.1/v1", AccessTokenID: "2iKo4Asy51EUx2gpJFW76t", AccessTokenSecret: "cf_secret_x", MaxRetries: 20,
		})
		if err != nil {
			t.Fatal(err)
		}
		e := &EphemeralResource{data: &providerdata.Data{Client: client}}
		for name, call := range map[string]func() diag.Diagnostics{
			"sweep":  func() diag.Diagnostics { return e.sweep(t.Context(), "ci") },
			"remove": func() diag.Diagnostics { return e.remove(t.Context(), "2iKo4Asy51EUx2gpJFW77u") },
		} {
			limit := map[string]time.Duration{"sweep": sweepTimeout, "remove": removeTimeout}[name]
			begin := time.Now()
			if diags := call(); diags.WarningsCount() != 1 || time.Since(begin) != limit {
				t.Errorf("%s: after %s: %v", name, time.Since(begin), diags)
			}
		}
	})
}
