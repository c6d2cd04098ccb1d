package provider_test

import (
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
)

// A rejected credential whose halves come from two places says so.
func TestRejectedCredentialNamesItsSources(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	t.Setenv("CLOUDFLEET_ACCESS_TOKEN_SECRET", "cf_secret_of_another_token")
	for secret, want := range map[any]bool{nil: true, "cf_secret_wrong": false} {
		p := protocoltest.Start(t, cloud, map[string]any{"access_token_secret": secret})
		_, diags := p.Data(t.Context(), "cloudfleet_organization", nil)
		if says := strings.Contains(diags.String(), "may not belong together"); says != want || !diags.HasError() {
			t.Errorf("%v: %v", secret, diags)
		}
	}
}
