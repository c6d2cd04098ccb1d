package apitoken_test

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

func unknownSecret(address string) []plancheck.PlanCheck {
	return []plancheck.PlanCheck{
		plancheck.ExpectUnknownValue(address, attribute("secret")),
		plancheck.ExpectUnknownValue(address, attribute("secret_version")),
		plancheck.ExpectUnknownValue(address, attribute("secret_issued_at")),
		plancheck.ExpectKnownValue(address, attribute("id"), tokenID),
	}
}

func knownSecret(address string) []plancheck.PlanCheck {
	return []plancheck.PlanCheck{
		plancheck.ExpectKnownValue(address, attribute("secret"), secret),
		plancheck.ExpectKnownValue(address, attribute("secret_version"), tokentest.Issued),
		plancheck.ExpectKnownValue(address, attribute("secret_issued_at"), timestamp),
		plancheck.ExpectKnownValue(address, attribute("id"), tokenID),
	}
}

// Every row of the table in the documentation of rotation_trigger, and the ways
// in which a trigger can be unknown.
func TestAccRotation(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	var rows []*follower
	var before, after resource.TestStep
	var checks []resource.TestCheckFunc
	none := token("ci", "User")
	a, b := token("ci", "User", trigger("a")), token("ci", "User", trigger("b"))
	for name, test := range map[string]struct {
		before, after string
		action        plancheck.ResourceActionType
		plan          func(address string) []plancheck.PlanCheck
		regenerates   bool
		trigger       knownvalue.Check
	}{
		"none stays none":           {none, none, plancheck.ResourceActionNoop, knownSecret, false, knownvalue.Null()},
		"none to a value":           {none, a, plancheck.ResourceActionUpdate, knownSecret, false, knownvalue.StringExact("a")},
		"a value to none":           {a, none, plancheck.ResourceActionUpdate, knownSecret, false, knownvalue.Null()},
		"a value to another":        {a, b, plancheck.ResourceActionUpdate, unknownSecret, true, knownvalue.StringExact("b")},
		"a value to an empty one":   {a, token("ci", "User", trigger("")), plancheck.ResourceActionUpdate, unknownSecret, true, knownvalue.StringExact("")},
		"a value stays":             {a, a, plancheck.ResourceActionNoop, knownSecret, false, knownvalue.StringExact("a")},
		"unknown becomes another":   {late("a", "1"), late("b", "1"), plancheck.ResourceActionUpdate, unknownSecret, true, knownvalue.StringExact("b")},
		"unknown becomes the same":  {late("a", "1"), late("a", "2"), plancheck.ResourceActionUpdate, unknownSecret, false, knownvalue.StringExact("a")},
		"none to unknown":           {none, late("a", "1"), plancheck.ResourceActionUpdate, knownSecret, false, knownvalue.StringExact("a")},
		"together with a rename":    {a, token("other", "User", trigger("b")), plancheck.ResourceActionUpdate, unknownSecret, true, knownvalue.StringExact("b")},
		"together with a new role":  {a, token("ci", "Administrator", trigger("b")), plancheck.ResourceActionUpdate, unknownSecret, true, knownvalue.StringExact("b")},
		"a first one with a rename": {none, token("other", "User", trigger("a")), plancheck.ResourceActionUpdate, knownSecret, false, knownvalue.StringExact("a")},
	} {
		label := acctest.Label(name)
		row := &follower{cloud: cloud, address: "cloudfleet_api_token." + label}
		rows = append(rows, row)
		before.Config += acctest.Relabel(test.before, label)
		after.Config += acctest.Relabel(test.after, label)
		planned := append(test.plan(row.address), plancheck.ExpectResourceAction(row.address, test.action))
		after.ConfigPlanChecks.PreApply = append(after.ConfigPlanChecks.PreApply, planned...)
		for attr, check := range map[string]knownvalue.Check{
			"secret": secret, "secret_version": tokentest.Issued, "secret_issued_at": timestamp, "rotation_trigger": test.trigger,
		} {
			after.ConfigStateChecks = append(after.ConfigStateChecks, statecheck.ExpectKnownValue(row.address, attribute(attr), check))
		}
		checks = append(checks, func(*terraform.State) error {
			if err := row.regenerated(test.regenerates); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	take := func(s *terraform.State) error {
		for _, row := range rows {
			row.take(s)
		}
		return nil
	}
	before.Check, after.Check = take, resource.ComposeTestCheckFunc(append([]resource.TestCheckFunc{take}, checks...)...)
	after.ConfigPlanChecks.PostApplyPostRefresh = []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}
	cloud.Run(t, before, after)
}

// follower follows one token from step to step.
type follower struct {
	cloud         *acctest.Cloud
	address       string
	before, after map[string]string
}

func (f *follower) take(s *terraform.State) {
	f.before, f.after = f.after, s.RootModule().Resources[f.address].Primary.Attributes
}

// regenerated checks that the secret was regenerated, or that it is the same, and that
// the token is the same.
func (f *follower) regenerated(want bool) error {
	before, after := f.before, f.after
	switch {
	case after["id"] != before["id"]:
		return errors.New("the ID has changed")
	case !f.cloud.Accepts(after["id"], after["secret"]):
		return errors.New("the secret in the state is rejected")
	case (after["secret_version"] != before["secret_version"]) != want:
		return fmt.Errorf("the version went from %s to %s", before["secret_version"], after["secret_version"])
	case (after["secret"] != before["secret"]) != want:
		return fmt.Errorf("the secret has changed: %t", !want)
	case f.cloud.Accepts(before["id"], before["secret"]) == want:
		return fmt.Errorf("the old secret is valid: %t", want)
	}
	return nil
}

func TestAccRotatesAgainAndAgain(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	var steps []resource.TestStep
	for _, value := range []string{"a", "b", "a", "c"} {
		steps = append(steps, resource.TestStep{
			Config:            token("ci", "User", trigger(value)),
			ConfigStateChecks: []statecheck.StateCheck{inState("secret_version", tokentest.Issued)},
			Check:             accepted(cloud),
		})
	}
	cloud.Run(t, steps...)
}

// A failed rotation is repeated, and the rename before it is in the state.
func TestAccRotationThatFailsIsTriedAgain(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	refuse := func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/regenerate") {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusConflict)
				_, _ = w.Write([]byte(`{"code": "conflict", "message": "The token is being changed."}`))
				return
			}
			api.ServeHTTP(w, r)
		})
	}
	renamed := token("renamed", "User", trigger("b"))
	cloud.Run(t,
		resource.TestStep{Config: token("ci", "User", trigger("a")), Check: accepted(cloud)},
		resource.TestStep{
			PreConfig: func() { cloud.Intercept(refuse) },
			Config:    renamed,
			ExpectError: regexp.MustCompile(
				`(?s)Could not regenerate the secret of API token "renamed".*409 Conflict\s+\(conflict\).*Request ID: mock-\d+`,
			),
		},
		resource.TestStep{
			PreConfig: func() { cloud.Intercept(nil); cloud.ForgetRequests() },
			Config:    renamed,
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: append(
					[]plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate)},
					unknownSecret(address)...),
			},
			ConfigStateChecks: []statecheck.StateCheck{
				inState("secret_version", tokentest.Issued),
				inState("name", knownvalue.StringExact("renamed")),
			},
			Check: resource.ComposeTestCheckFunc(accepted(cloud), func(*terraform.State) error {
				if writes := cloud.Writes(); len(writes) != 1 || !strings.HasSuffix(writes[0], "/regenerate: 200") {
					return fmt.Errorf("the rename was not in the state: %v", writes)
				}
				return nil
			}),
		},
	)
}
