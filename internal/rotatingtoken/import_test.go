package rotatingtoken_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

func TestAccRotatingImport(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	id := func(format string) resource.ImportStateIdFunc {
		return func(s *terraform.State) (string, error) {
			a := s.RootModule().Resources[rotatingAddress].Primary.Attributes
			return fmt.Sprintf(format, a["token_id"], a["previous_token_id"]), nil
		}
	}
	invalid := func(id, text string) resource.TestStep {
		return resource.TestStep{ResourceName: rotatingAddress, ImportState: true, ImportStateId: id, ExpectError: message(text)}
	}
	// Only the state has these.
	unknowable := []string{"secret", "secret_version", "secret_issued_at", "previous_secret", "rotation_trigger"}
	imports := func(format string, ignored ...string) resource.TestStep {
		return resource.TestStep{
			ResourceName: rotatingAddress, ImportState: true, ImportStateIdFunc: id(format),
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "token_id", ImportStateVerifyIgnore: append(ignored, unknowable...),
		}
	}
	const other = "2iKo4Asy51EUx2gpJFW76t"
	cloud.Run(t,
		resource.TestStep{Config: rotating("ci", "User", trigger("a"))},
		resource.TestStep{Config: rotating("ci", "User", trigger("b"))},
		imports("%s,%s"),
		imports("%[1]s", "previous_token_id"),
		resource.TestStep{
			ResourceName: rotatingAddress, ImportState: true, ImportStateIdFunc: id("%[1]s," + other),
			ExpectError: message("Cannot import API token " + other),
		},
		invalid(other, "Cannot import API token "+other),
		invalid("../organization", `"../organization" is not the ID of an API token`),
		invalid(other+",", "an empty text is not the ID of an API token"),
		invalid(other+","+other, `"`+other+`" is given twice`),
		invalid(other+",a,b", `"a,b" is not the ID of an API token`),
	)
}

// An imported pair has no secrets in the state. Two rotations issue both.
func TestAccRotatingImportBlockThenRotate(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	for _, name := range []string{"legacy", "standby"} {
		createElsewhere(t, cloud, name)
	}
	legacy, standby := cloud.Issued()[0].ID, cloud.Issued()[1].ID
	block := fmt.Sprintf("import {\n  to = %s\n  id = \"%s,%s\"\n}\n", rotatingAddress, legacy, standby)
	want := func(version int64, values map[string]knownvalue.Check) (checks []statecheck.StateCheck) {
		values["secret_version"] = knownvalue.Int64Exact(0)
		if version > 0 {
			values["secret_version"] = tokentest.Issued
		}
		for name, value := range values {
			checks = append(checks, statecheck.ExpectKnownValue(rotatingAddress, attribute(name), value))
		}
		return checks
	}
	exact, null := knownvalue.StringExact, knownvalue.Null()
	cloud.Run(t,
		resource.TestStep{ // their names differ, and nothing else is changed
			Config: block + rotating("legacy", "User", "keep_previous = true"),
			ConfigPlanChecks: rotatingPlan(plancheck.ResourceActionUpdate, map[string]knownvalue.Check{
				"token_id": exact(legacy), "secret": null, "previous_token_id": exact(standby), "previous_secret": null,
			}),
			ConfigStateChecks: want(0, map[string]knownvalue.Check{"token_id": exact(legacy), "secret": null, "secret_issued_at": null}),
		},
		resource.TestStep{
			Config:           block + rotating("legacy", "User"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
		resource.TestStep{
			Config: block + rotating("legacy", "User", trigger("a")),
			ConfigPlanChecks: rotatingPlan(plancheck.ResourceActionUpdate, map[string]knownvalue.Check{
				"token_id": exact(legacy), "secret": null, "secret_version": knownvalue.Int64Exact(0), "previous_secret": null,
			}),
		},
		resource.TestStep{
			Config: block + rotating("legacy", "User", trigger("b")),
			ConfigStateChecks: want(1, map[string]knownvalue.Check{
				"token_id": exact(standby), "secret": secret, "previous_token_id": exact(legacy), "previous_secret": null,
			}),
		},
		resource.TestStep{
			Config: block + rotating("legacy", "User", trigger("c")),
			ConfigStateChecks: want(2, map[string]knownvalue.Check{
				"token_id": exact(legacy), "secret": secret, "previous_token_id": exact(standby), "previous_secret": secret,
			}),
			Check: (&slots{cloud: cloud}).look,
		},
	)
}

// The import of a pair that agrees with the configuration changes nothing.
func TestAccRotatingImportIsNoChange(t *testing.T) {
	for name, format := range map[string]string{"one": "%[1]s", "two": "%s,%s"} {
		t.Run(name, func(t *testing.T) {
			cloud := acctest.Start(t, mockserver.Options{})
			createElsewhere(t, cloud, "ci")
			ids := []any{cloud.Issued()[0].ID, "none"}
			if name == "two" {
				createElsewhere(t, cloud, "ci")
				ids[1] = cloud.Issued()[1].ID
			}
			id := fmt.Sprintf(format, ids...)
			cloud.Run(t, resource.TestStep{
				Config:           fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", rotatingAddress, id) + rotating("ci", "User"),
				ConfigPlanChecks: rotatingPlan(plancheck.ResourceActionNoop, nil),
			})
		})
	}
}

func TestRotatingTokenImportByIdentity(t *testing.T) {
	t.Parallel()
	first := startRotating(t)
	first.apply(two...)
	current, previous := first.Text("token_id"), first.Text("previous_token_id")
	for name, test := range map[string]struct {
		identity map[string]any
		error    string
	}{
		"both":            {map[string]any{"id": current, "previous_id": previous}, ""},
		"current alone":   {map[string]any{"id": current}, ""},
		"previous alone":  {map[string]any{"previous_id": previous}, "an empty text is not the ID of an API token"},
		"twice the same":  {map[string]any{"id": current, "previous_id": current}, "is given twice"},
		"one that is not": {map[string]any{"id": current, "previous_id": "4vJ7qkEeP3xM9bYwRzT2nA"}, "Cannot import API token 4vJ7qkEeP3xM9bYwRzT2nA"},
	} {
		r := protocoltest.Start(t, first.cloud, nil).Resource("cloudfleet_rotating_api_token")
		diags := r.ImportByIdentity(t.Context(), test.identity)
		if diags.HasError() != (test.error != "") || !strings.Contains(diags.String(), test.error) {
			t.Errorf("%s: %v", name, diags)
		}
		want := test.identity["previous_id"]
		if state := r.State(); test.error == "" &&
			(state["token_id"] != current || state["previous_token_id"] != want || r.Identity()["previous_id"] != want) {
			t.Errorf("%s: imported %v as %v", name, state, r.Identity())
		}
	}
}

// A CLI with identities accepts that a rotation changes this one.
func TestAccRotatingIdentityFollowsTheTokens(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	createElsewhere(t, cloud, "ci")
	first := cloud.Issued()[0].ID
	config := func(value string) string {
		return cloud.ProviderBlock() + fmt.Sprintf("import {\n  to = %s\n  identity = { id = %q }\n}\n", rotatingAddress, first) +
			rotating("ci", "User", trigger(value))
	}
	identity := func(current, previous knownvalue.Check) []statecheck.StateCheck {
		return []statecheck.StateCheck{
			statecheck.ExpectIdentity(rotatingAddress, map[string]knownvalue.Check{"id": current, "previous_id": previous}),
		}
	}
	acctest.Need(t, acctest.Identities)
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories,
		CheckDestroy:             cloud.CheckDestroy,
		Steps: []resource.TestStep{
			{Config: config("a"), ConfigStateChecks: identity(knownvalue.StringExact(first), knownvalue.Null())},
			{Config: config("b"), ConfigStateChecks: identity(tokenID, knownvalue.StringExact(first))},
			{Config: config("c"), ConfigStateChecks: identity(knownvalue.StringExact(first), tokenID)},
		},
	})
}
