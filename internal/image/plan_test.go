package image_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
)

// requests counts what is asked of a registry during a step.
func (c copies) requests(cloud *acctest.Cloud, step func() protocoltest.Diags) int {
	c.t.Helper()
	cloud.ForgetRequests()
	if diags := step(); len(diags) > 0 {
		c.t.Error(diags)
	}
	return len(cloud.RegistryRequests())
}

// What a plan cannot know it does not ask for, and does not invent.
func TestPlanOfUnknownArguments(t *testing.T) {
	c := startCopies(t, mockserver.Options{})
	pushed := push(t, c.theirs, "europe", "base", "v1", "linux/amd64")
	for _, argument := range []string{"source", "source_username", "source_password"} {
		if n := c.requests(c.theirs, func() protocoltest.Diags {
			_, diags := c.image().Plan(t.Context(), c.config(":v1", map[string]any{argument: protocoltest.Unknown}))
			return diags
		}); n > 0 {
			t.Errorf("with an unknown %s, the source is asked %d times", argument, n)
		}
	}
	for _, argument := range []string{"platforms", "tags"} {
		if _, diags := c.image().Plan(t.Context(), c.config(":v1", map[string]any{argument: protocoltest.Unknown})); len(diags) > 0 {
			t.Errorf("with unknown %s: %v", argument, diags)
		}
	}
	for _, argument := range []string{"region", "repository"} {
		planned, diags := c.image().Plan(t.Context(), c.config("@"+pushed.Digest.String(), map[string]any{argument: protocoltest.Unknown}))
		if len(diags) > 0 || planned["reference"] != protocoltest.Unknown || planned["digest"] != pushed.Digest.String() {
			t.Errorf("with an unknown %s: %v, %v", argument, planned, diags)
		}
	}
}

// A plan asks a new source only, and a source that refuses the login is an error of the
// plan.
func TestPlanAsksANewSource(t *testing.T) {
	c := startCopies(t, mockserver.Options{})
	push(t, c.theirs, "europe", "base", "v1", "linux/amd64", "linux/arm64")
	for status, isError := range map[int]bool{401: true, 403: true, 418: false, 500: false} {
		c.theirs.InterceptRegistry(func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		})
		if _, diags := c.image().Plan(t.Context(), c.config(":v1", nil)); diags.HasError() != isError {
			t.Errorf("%d: %v", status, diags)
		}
	}
	c.theirs.InterceptRegistry(nil)
	r, config := c.image(), c.config(":v1", nil)
	c.mustApply(r, config)
	if n := c.requests(c.theirs, func() protocoltest.Diags {
		_, diags := r.Plan(t.Context(), c.config(":v1", map[string]any{"platforms": []any{"linux/amd64"}}))
		return diags
	}); n > 0 {
		t.Errorf("the same source is asked %d times", n)
	}
	if n := c.requests(c.ours, func() protocoltest.Diags { return r.Refresh(t.Context()) }); n != 1 {
		t.Errorf("a refresh makes %d requests", n)
	}
}

// keep_on_destroy costs no request, and keeps the image.
func TestKeepOnDestroy(t *testing.T) {
	c := startCopies(t, mockserver.Options{})
	pushed := push(t, c.theirs, "europe", "base", "v1", "linux/amd64")
	r := c.image()
	c.mustApply(r, c.config(":v1", nil))
	if n := c.requests(c.ours, func() protocoltest.Diags {
		return append(r.Apply(t.Context(), c.config(":v1", map[string]any{"keep_on_destroy": true})), r.Destroy(t.Context())...)
	}); n > 0 || c.resolve("v1") != pushed.Digest.String() {
		t.Errorf("%d requests, and then v1 is %q", n, c.resolve("v1"))
	}
}

// The provider's own credentials are checked in the plan.
func TestPlanWithoutCredentials(t *testing.T) {
	c := startCopies(t, mockserver.Options{})
	push(t, c.theirs, "europe", "base", "v1", "linux/amd64")
	c.provider = protocoltest.Start(
		t,
		c.ours,
		map[string]any{"registry_domain": c.ours.RegistryDomain, "access_token_secret": "cf_secret_wrong"},
	)
	_, diags := c.image().Plan(t.Context(), c.config(":v1", nil))
	if !diags.HasError() || !strings.Contains(diags.String(), "CLOUDFLEET_ACCESS_TOKEN_SECRET") {
		t.Errorf("got %v", diags)
	}
}
