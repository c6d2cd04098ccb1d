package canary_test

import (
	"fmt"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/canary"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
)

// Lists and actions, which few CLIs have yet, show no secret, neither their own nor
// others.
func TestListAndActionShowNoSecret(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	p := protocoltest.Start(t, cloud, nil)
	token := p.Resource("cloudfleet_api_token")
	if diags := token.Apply(t.Context(), map[string]any{"name": "ci", "role": "User"}); len(diags) > 0 {
		t.Fatal(diags)
	}
	ctx, log := protocoltest.Logged(t.Context())
	var said []any
	look := func(fault string) {
		if fault != "" {
			cloud.Intercept(failing(fault))
		}
		for listed := range p.List(ctx, "cloudfleet_api_token", nil, 100, true) {
			said = append(said, listed.DisplayName, listed.Identity, listed.Resource, listed.Diags)
		}
		config := map[string]any{"id": token.Text("id")}
		said = append(said, p.PlanAction(ctx, "cloudfleet_revoke_api_token_secret", config),
			p.Invoke(ctx, "cloudfleet_revoke_api_token_secret", config, func(message string) { said = append(said, message) }))
	}
	look("")
	look("/regenerate")
	look("GET /v1/tokens")
	secrets := cloud.Secrets()
	if len(secrets) != 5 || len(said) < 14 {
		t.Errorf("%d secrets, %v", len(secrets), said)
	}
	canary.New(secrets...).Check(t, "the protocol", fmt.Sprint(said...)+log.String())
}
