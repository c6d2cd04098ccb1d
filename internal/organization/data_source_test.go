package organization_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

const ours = "data \"cloudfleet_organization\" \"ours\" {}\n"

func is(cloud *acctest.Cloud) []statecheck.StateCheck {
	const address = "data.cloudfleet_organization.ours"
	return []statecheck.StateCheck{
		statecheck.ExpectKnownValue(address, tfjsonpath.New("id"), knownvalue.StringExact(cloud.OrganizationID)),
		statecheck.ExpectKnownValue(address, tfjsonpath.New("name"), knownvalue.StringExact("Test")),
	}
}

// The result is the organization of the access token, and its ID can be used if the
// provider has none configured.
func TestAccOrganization(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	cloud.AddOrganization("Other")
	config := fmt.Sprintf(`
provider "cloudfleet" {
  endpoint            = %q
  access_token_id     = %q
  access_token_secret = %q
}

data "cloudfleet_registry" "ours" {
  organization_id = data.cloudfleet_organization.ours.id
}

output "hostname" {
  value = data.cloudfleet_registry.ours.hostname
}
`, cloud.Endpoint, cloud.TokenID, cloud.TokenSecret)
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories,
		Steps: []resource.TestStep{{
			Config: config + ours,
			ConfigStateChecks: append(is(cloud), statecheck.ExpectKnownOutputValue("hostname",
				knownvalue.StringExact(cloud.OrganizationID+".europe.registry.cloudfleet.dev"))),
		}},
	})
	if writes := cloud.Writes(); len(writes) > 0 {
		t.Errorf("reading wrote: %v", writes)
	}
}

// A User token can read its own organization.
func TestAccOrganizationOfAUser(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	client, err := cloudfleet.New(
		cloudfleet.Options{Endpoint: cloud.Endpoint, AccessTokenID: cloud.TokenID, AccessTokenSecret: cloud.TokenSecret},
	)
	if err != nil {
		t.Fatal(err)
	}
	user, _, err := client.CreateToken(t.Context(), cloudfleet.TokenSettings{Name: "user", Role: cloudfleet.RoleUser})
	if err != nil {
		t.Fatal(err)
	}
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories,
		Steps: []resource.TestStep{{
			Config:            cloud.ProviderBlockFor(user.ID, user.Secret) + ours,
			ConfigStateChecks: is(cloud),
		}},
	})
}
