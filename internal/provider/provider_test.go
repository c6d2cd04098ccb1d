package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

const token = `
resource "cloudfleet_api_token" "ci" {
  name = "ci"
  role = "User"
}
`

const registry = `
data "cloudfleet_registry" "this" {}

output "hostname" {
  value = data.cloudfleet_registry.this.hostname
}
`

func block(arguments ...string) string {
	return fmt.Sprintf("provider \"cloudfleet\" {\n  %s\n}\n", strings.Join(arguments, "\n  "))
}

func setenv(t *testing.T, variables map[string]string) {
	for name, value := range variables {
		t.Setenv("CLOUDFLEET_"+name, value)
	}
}

func run(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories, Steps: steps})
}

func TestAccConfiguredByVariables(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	setenv(t, map[string]string{
		"ENDPOINT": cloud.Endpoint, "ORGANIZATION_ID": cloud.OrganizationID, "ACCESS_TOKEN_ID": cloud.TokenID,
		"ACCESS_TOKEN_SECRET": cloud.TokenSecret, "REGISTRY_DOMAIN": "registry.test", "REQUEST_TIMEOUT": "5s", "MAX_RETRIES": "0",
	})
	run(t, resource.TestStep{
		Config: token + registry,
		Check:  resource.TestCheckOutput("hostname", cloud.OrganizationID+".europe.registry.test"),
	})
	agent := cloud.Requests()[0].UserAgent
	if !regexp.MustCompile(`^terraform-provider-cloudfleet/test \(Terraform/\d+\.\d+\.\d+.*\)$`).MatchString(agent) {
		t.Errorf("user agent: %s", agent)
	}
}

func TestAccArgumentsComeBeforeVariables(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	setenv(t, map[string]string{
		"ENDPOINT": "not a URL", "ORGANIZATION_ID": "not a UUID", "ACCESS_TOKEN_ID": "not/an/id", "ACCESS_TOKEN_SECRET": "not a secret",
		"REGISTRY_DOMAIN": "not a domain", "REQUEST_TIMEOUT": "soon", "MAX_RETRIES": "often",
	})
	run(t, resource.TestStep{
		Config: token + registry + block(
			fmt.Sprintf("endpoint = %q", cloud.Endpoint),
			fmt.Sprintf("organization_id = %q", cloud.OrganizationID),
			fmt.Sprintf("access_token_id = %q", cloud.TokenID),
			fmt.Sprintf("access_token_secret = %q", cloud.TokenSecret),
			`registry_domain = "registry.test"`, `request_timeout = "5s"`, `max_retries = 0`),
		Check: resource.TestCheckOutput("hostname", cloud.OrganizationID+".europe.registry.test"),
	})
}

// An empty variable is ignored: it is not a value, and does not hide the default.
func TestAccEmptyVariables(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	for _, name := range []string{"ORGANIZATION_ID", "ACCESS_TOKEN_ID", "ACCESS_TOKEN_SECRET", "ENDPOINT", "REGISTRY_DOMAIN", "REQUEST_TIMEOUT", "MAX_RETRIES"} {
		t.Setenv("CLOUDFLEET_"+name, "")
	}
	run(t, resource.TestStep{
		Config: block(fmt.Sprintf("organization_id = %q", cloud.OrganizationID)) + registry,
		Check:  resource.TestCheckOutput("hostname", cloud.OrganizationID+".europe.registry.cloudfleet.dev"),
	})
}

func TestAccInvalidConfiguration(t *testing.T) {
	run(t, resource.TestStep{
		Config:      block(`organization_id = "acme"`) + token,
		ExpectError: regexp.MustCompile(`(?s)Invalid organization_id.*"acme"\s+is\s+not\s+a\s+UUID`),
	})
}

// Without credentials, only what needs the API fails.
func TestAccNoCredentials(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	here := block(fmt.Sprintf("organization_id = %q", cloud.OrganizationID), fmt.Sprintf("endpoint = %q", cloud.Endpoint))
	run(t,
		resource.TestStep{Config: here + registry},
		resource.TestStep{
			Config: here + token,
			ExpectError: regexp.MustCompile(`(?s)Could not plan API token "ci".*CLOUDFLEET_ACCESS_TOKEN_ID\s+and\s+` +
				`CLOUDFLEET_ACCESS_TOKEN_SECRET.*under\s+API\s+tokens`),
		},
	)
	if requests := cloud.Requests(); len(requests) > 0 {
		t.Errorf("the API was asked: %v", requests)
	}
}

func TestAccRefusedCredentials(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	run(t, resource.TestStep{
		Config:      cloud.ProviderBlockFor(cloud.TokenID, "cf_secret_wrong") + token,
		ExpectError: regexp.MustCompile(`(?s)401\s+Unauthorized\s+\(unauthorized\).*Request\s+ID:\s+mock-1.*Check\s+CLOUDFLEET_ACCESS_TOKEN_ID`),
	})
}

// Credentials that are known only after apply do not prevent the plan of a new token, but
// only what needs to call the API.
func TestAccUnknownCredentials(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	late := func(replace string) string {
		return fmt.Sprintf(`
resource "terraform_data" "late" {
  input            = { id = %q, secret = %q, endpoint = %q, organization = %q }
  triggers_replace = %q
}
`, cloud.TokenID, cloud.TokenSecret, cloud.Endpoint, cloud.OrganizationID, replace) + block(
			"access_token_id = terraform_data.late.output.id", "access_token_secret = terraform_data.late.output.secret",
			"endpoint = terraform_data.late.output.endpoint", "organization_id = terraform_data.late.output.organization")
	}
	run(t,
		resource.TestStep{
			Config: late("1") + token,
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction("cloudfleet_api_token.ci", plancheck.ResourceActionCreate)},
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
			Check: func(*terraform.State) error {
				if n := len(cloud.Issued()); n != 1 {
					return fmt.Errorf("%d tokens", n)
				}
				return nil
			},
		},
		resource.TestStep{
			Config:      late("2") + token,
			ExpectError: regexp.MustCompile(`(?s)Could not read API token "ci".*known\s+only\s+after\s+apply.*-target`),
		},
	)
}
