package apitoken_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/apitoken"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// run is a configuration with an ephemeral token.
const run = `
ephemeral "cloudfleet_api_token" "run" {
  name = "run"
  role = "Administrator"
}
`

// noneLeft checks, of a plan and of a step, that no ephemeral token is left.
type noneLeft struct{ *acctest.Cloud }

func (n noneLeft) check(*terraform.State) error {
	for _, name := range names(n.Cloud) {
		if strings.Contains(name, "ephemeral") {
			return fmt.Errorf("left behind: %s", name)
		}
	}
	return nil
}

func (n noneLeft) CheckPlan(_ context.Context, _ plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	resp.Error = n.check(nil)
}

func TestAccEphemeralToken(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	const echo = "echo.seen"
	data := attribute("data")
	cloud.RunWith(t, acctest.Ephemerals, resource.TestStep{
		Config: run + `
provider "echo" {
  data = ephemeral.cloudfleet_api_token.run
}

resource "echo" "seen" {}
`,
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{noneLeft{cloud}}},
		ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownValue(echo, data.AtMapKey("id"), tokenID),
			statecheck.ExpectKnownValue(echo, data.AtMapKey("secret"), secret),
			statecheck.ExpectKnownValue(echo, data.AtMapKey("expires_at"), timestamp),
			statecheck.ExpectKnownValue(echo, data.AtMapKey("ttl"), knownvalue.StringExact("1h")),
		},
		Check: func(s *terraform.State) error {
			seen := s.RootModule().Resources[echo].Primary.Attributes
			if cloud.Accepts(seen["data.id"], seen["data.secret"]) {
				return fmt.Errorf("the token is valid after the run")
			}
			return noneLeft{cloud}.check(s)
		},
	})
}

// A second provider uses the token, which shows that it is valid during the run.
func TestAccEphemeralTokenIsUsedInTheRun(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	withIt := run + fmt.Sprintf(`
provider "cloudfleet" {
  alias               = "run"
  endpoint            = %q
  access_token_id     = ephemeral.cloudfleet_api_token.run.id
  access_token_secret = ephemeral.cloudfleet_api_token.run.secret
}
`, cloud.Endpoint) + token("made with it", "User", "provider = cloudfleet.run")
	leave(t, cloud, apitoken.EphemeralName("run", longAgo)) // by a run that was killed
	cloud.RunWith(t, acctest.Ephemerals,
		resource.TestStep{
			Config:             withIt,
			PlanOnly:           true,
			ExpectNonEmptyPlan: true,
		},
		resource.TestStep{
			PreConfig: func() {
				if err := (noneLeft{cloud}).check(nil); err != nil {
					t.Errorf("after a plan: %s", err)
				}
			},
			Config:           withIt,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{noneLeft{cloud}}},
			Check:            noneLeft{cloud}.check,
		},
	)
	issued := map[string]bool{}
	for _, r := range cloud.Requests() {
		issued[r.TokenID] = true
		if r.Method == http.MethodPut || strings.HasSuffix(r.Path, "regenerate") {
			t.Errorf("a token was changed: %s", r)
		}
	}
	if len(issued) < 3 {
		t.Errorf("the run's tokens were not used: %v", issued)
	}
}

// A token cannot be created in a plan that does not know the credentials yet.
func TestAccEphemeralTokenOfUnknownCredentials(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	acctest.Need(t, acctest.Ephemerals)
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories,
		Steps: []resource.TestStep{{
			Config: fmt.Sprintf(`
resource "terraform_data" "late" {
  input = %q
}

provider "cloudfleet" {
  endpoint            = %q
  access_token_id     = terraform_data.late.output
  access_token_secret = "cf_secret_x"
}
`, cloud.TokenID, cloud.Endpoint) + run,
			ExpectError: message(`Could not create ephemeral API token "run"`),
		}},
	})
	if requests := cloud.Requests(); len(requests) > 0 {
		t.Errorf("the API was asked: %v", requests)
	}
}

// A name that is known only after apply is waited for.
func TestAccEphemeralTokenOfAnUnknownName(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	cloud.RunWith(t, acctest.Ephemerals, resource.TestStep{
		Config: `
resource "terraform_data" "late" {
  input = "late"
}

ephemeral "cloudfleet_api_token" "run" {
  name = terraform_data.late.output
  role = "User"
}

provider "echo" {
  data = ephemeral.cloudfleet_api_token.run.name
}

resource "echo" "seen" {}
`,
		ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue("echo.seen", attribute("data"), knownvalue.StringExact("late"))},
		Check:             noneLeft{cloud}.check,
	})
}
