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

// Every data source that calls the API reports why it cannot, and is read in the apply if
// its dependencies require it.
func TestAccDataSourcesThatAskTheAPI(t *testing.T) {
	const firstToken = `name = "mock server's first token"`
	for kind, test := range map[string]struct{ argument, failure string }{
		"api_token":    {firstToken, `Could not look for the API token "mock server's first token"`},
		"api_tokens":   {"", "Could not list the API tokens"},
		"organization": {"", "Could not read the organization"},
	} {
		t.Run(kind, func(t *testing.T) {
			cloud := acctest.Start(t, mockserver.Options{})
			source := func(argument string) string {
				return fmt.Sprintf("data \"cloudfleet_%s\" \"this\" {\n  %s\n  %s\n}\n", kind, test.argument, argument)
			}
			late := func(replace string) string {
				return fmt.Sprintf("resource \"terraform_data\" \"late\" {\n  input = %q\n  triggers_replace = %q\n}\n", cloud.TokenSecret, replace) +
					block(fmt.Sprintf("endpoint = %q", cloud.Endpoint), fmt.Sprintf("access_token_id = %q", cloud.TokenID),
						"access_token_secret = terraform_data.late.output")
			}
			failure := func(reason string) *regexp.Regexp {
				return regexp.MustCompile(`(?s)` + strings.ReplaceAll(regexp.QuoteMeta(test.failure)+`.*`+reason, " ", `[\s│]+`))
			}
			run(t,
				resource.TestStep{
					Config:      block(fmt.Sprintf("endpoint = %q", cloud.Endpoint)) + source(""),
					ExpectError: failure(`No access token is configured.*Set the environment variables CLOUDFLEET_ACCESS_TOKEN_ID`),
				},
				resource.TestStep{
					Config:      late("1") + source(""),
					ExpectError: failure(`known only after apply.*-target`),
				},
				resource.TestStep{
					PreConfig: func() {
						if requests := cloud.Requests(); len(requests) > 0 {
							t.Errorf("the API was asked: %v", requests)
						}
					},
					Config: late("2") + source("depends_on = [terraform_data.late]"),
					ConfigPlanChecks: resource.ConfigPlanChecks{
						PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction("data.cloudfleet_"+kind+".this", plancheck.ResourceActionRead)},
					},
					Check: func(*terraform.State) error {
						if len(cloud.Requests()) == 0 {
							return fmt.Errorf("the API was not asked")
						}
						return nil
					},
				},
				resource.TestStep{
					Config:      cloud.ProviderBlockFor(cloud.TokenID, "cf_secret_wrong") + source(""),
					ExpectError: failure(`401 Unauthorized.*Check CLOUDFLEET_ACCESS_TOKEN_ID`),
				},
			)
		})
	}
}
