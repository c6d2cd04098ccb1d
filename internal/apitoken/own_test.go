package apitoken_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// The provider must not lock itself out, whether the plan or only the apply can know.
// Harmless changes, such as a rename, are made.
func TestAccOwnTokenIsLeftAlone(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	adopt := fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", address, cloud.TokenID)
	late := func(value string) string {
		return fmt.Sprintf("resource \"terraform_data\" \"late\" {\n  input = %q\n}\n", value) +
			adopt + token("mine", "Administrator", "rotation_trigger = terraform_data.late.output")
	}
	const release = "removed {\n  from = " + address + "\n  lifecycle {\n    destroy = false\n  }\n}\n"
	cloud.RunWith(t, acctest.Removals,
		resource.TestStep{Config: adopt + token("mine", "Administrator", trigger("a"))},
		resource.TestStep{
			Config:      adopt + token("mine", "Administrator", trigger("b")),
			PlanOnly:    true,
			ExpectError: message("Refusing to regenerate the secret of the provider's own API token"),
		},
		resource.TestStep{
			Config:      adopt + token("mine", "User", trigger("a")),
			PlanOnly:    true,
			ExpectError: message("Refusing to change the role of the provider's own API token"),
		},
		resource.TestStep{
			Config:      "# nothing\n",
			PlanOnly:    true,
			ExpectError: message("Refusing to delete the provider's own API token"),
		},
		resource.TestStep{
			Config:      late("b"),
			ExpectError: message("Refusing to regenerate the secret of the provider's own API token"),
		},
		resource.TestStep{
			Config: adopt + token("still mine", "Administrator"),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate)},
			},
		},
		resource.TestStep{Config: release},
	)
	if own := cloud.Tokens(
		cloud.OrganizationID,
	); len(own) != 1 || own[0].Name != "still mine" ||
		!cloud.Accepts(cloud.TokenID, cloud.TokenSecret) {
		t.Errorf("the provider's own token: %v", own)
	}
}
