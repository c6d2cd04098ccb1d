package rotatingtoken_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// TestRotatingTokenSurvivesFaults with a real CLI, for one call of each kind: the error,
// the plan after it, and the apply that completes it.
func TestAccRotatingIsMendedByOneApply(t *testing.T) {
	unknown, cut := unknownValue{}, after(cutBefore)
	for name, test := range map[string]struct {
		goal   string
		number int
		how    faultHandler
		error  string
		// plan is the next plan. before returns a check for an attribute of the state
		// before the failure.
		plan func(before func(string) knownvalue.Check) map[string]knownvalue.Check
	}{
		"lost answer to a regenerate": {
			rotating("ci", "User", trigger("c")), 0, cut, "The previous secret may be revoked already. The current secret is untouched.",
			func(before func(string) knownvalue.Check) map[string]knownvalue.Check {
				return map[string]knownvalue.Check{"token_id": unknown, "secret": unknown, "previous_secret": before("secret")}
			},
		},
		"second rename refused": {
			rotating("cd", "User", trigger("c")), 1, decline(http.StatusConflict, "broken", nil), "The next apply updates both tokens again.",
			func(before func(string) knownvalue.Check) map[string]knownvalue.Check {
				return map[string]knownvalue.Check{"token_id": unknown, "previous_token_id": before("token_id"), "name": knownvalue.StringExact("cd")}
			},
		},
		"delete failed": {
			rotating("ci", "User", trigger("c"), "keep_previous = false"), 1, decline(http.StatusInternalServerError, "broken", nil), "The next apply deletes it.",
			func(before func(string) knownvalue.Check) map[string]knownvalue.Check {
				return map[string]knownvalue.Check{"token_id": before("previous_token_id"), "secret": secret, "previous_token_id": knownvalue.Null()}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := acctest.Start(t, mockserver.Options{})
			s := slots{cloud: cloud}
			cloud.Run(t,
				resource.TestStep{Config: rotating("ci", "User", trigger("a")), Check: s.look},
				resource.TestStep{Config: rotating("ci", "User", trigger("b")), Check: s.look},
				resource.TestStep{
					PreConfig: func() { breakWrite(cloud, test.number, test.how) },
					Config:    test.goal, ExpectError: message(test.error),
				},
				resource.TestStep{
					PreConfig:        func() { cloud.Intercept(nil) },
					Config:           test.goal,
					ConfigPlanChecks: rotatingPlan(plancheck.ResourceActionUpdate, test.plan(s.is)),
					Check:            s.look,
				},
			)
		})
	}
}

// A warning names what a create may have left behind after its first answer was lost. The
// other token of the pair, of the same age, name and role, is no leftover.
func TestRotatingTokenWarnsOfLeftovers(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{IgnoreIdempotencyKey: true})
	p := protocoltest.Start(t, cloud, map[string]any{"max_retries": 1})
	r := rotatingToken{p.Resource("cloudfleet_rotating_api_token"), t, cloud}
	r.apply(one...)
	breakWrite(cloud, 0, after(cutBefore))
	goal := rotatingConfig("ci", "b", true)
	diags := r.Apply(t.Context(), goal)
	if diags.HasError() {
		t.Fatal(diags)
	}
	previous, leftover := cloud.Issued()[0].ID, cloud.Issued()[1].ID
	if text := diags.String(); !strings.Contains(text, leftover) || strings.Contains(text, previous) {
		t.Errorf("left %s behind: %v", leftover, diags)
	}
}

// A first token without a secret in the answer is replaced.
func TestRotatingTokenWithoutSecretIsReplaced(t *testing.T) {
	t.Parallel()
	r := startRotating(t)
	breakWrite(r.cloud, 0, tokentest.WithholdSecret)
	diags := r.Apply(t.Context(), one[0])
	if !diags.HasError() || !r.Tainted() || r.State()["secret"] != nil || r.Text("token_id") != r.cloud.Issued()[0].ID {
		t.Errorf("%v, and the state is %v", diags, r.State())
	}
	r.apply(one...)
	r.arrived(one[0], 0)
}

// Tokens that were deleted elsewhere are created again: the current one beside the
// previous one or, if both are gone, the resource.
func TestAccRotatingHeals(t *testing.T) {
	for name, test := range map[string]struct {
		gone    []string
		action  plancheck.ResourceActionType
		version int64
	}{
		"current": {[]string{"token_id"}, plancheck.ResourceActionUpdate, 3},
		"both":    {[]string{"token_id", "previous_token_id"}, plancheck.ResourceActionCreate, 1},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := acctest.Start(t, mockserver.Options{})
			s := slots{cloud: cloud}
			cloud.Run(t,
				resource.TestStep{Config: rotating("ci", "User", trigger("a")), Check: s.look},
				resource.TestStep{Config: rotating("ci", "User", trigger("b")), Check: s.look},
				resource.TestStep{
					PreConfig: func() {
						for _, name := range test.gone {
							deleteElsewhere(t, cloud, s.after[name])
						}
					},
					Config:            rotating("ci", "User", trigger("b")),
					ConfigPlanChecks:  rotatingPlan(test.action, map[string]knownvalue.Check{"token_id": unknownValue{}, "secret": unknownValue{}}),
					ConfigStateChecks: inRotatingState(nil),
					Check:             s.look,
				},
			)
		})
	}
}
