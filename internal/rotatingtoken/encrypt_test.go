package rotatingtoken_test

import (
	"fmt"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/sealing"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// Each of the two secrets is encrypted for the recipients at the time of its issue, and a
// change of recipients rotates.
func TestAccRotatingEncryptTo(t *testing.T) {
	const rotating = "cloudfleet_rotating_api_token.ci"
	cloud := acctest.Start(t, mockserver.Options{})
	one, two := ageIdentity(t), ageIdentity(t)
	config := func(trigger string, to *age.X25519Identity) string {
		encryptTo := "null"
		if to != nil {
			encryptTo = ageList(to.Recipient().String())
		}
		return strings.Replace(token("ci", "User", fmt.Sprintf("rotation_trigger = %q", trigger), "encrypt_to = "+encryptTo),
			"cloudfleet_api_token", "cloudfleet_rotating_api_token", 1)
	}
	// reads checks that the current and the previous secret are valid, each only for its
	// identity. nil is a secret in plain text.
	reads := func(current, previous *age.X25519Identity) resource.TestCheckFunc {
		return func(s *terraform.State) error {
			in := s.RootModule().Resources[rotating].Primary.Attributes
			for prefix, identity := range map[string]*age.X25519Identity{"": current, "previous_": previous} {
				id, plain, ciphertext := in[prefix+"token_id"], in[prefix+"secret"], in[prefix+"encrypted_secrets.age"]
				if identity == nil {
					if ciphertext != "" || id != "" && !cloud.Accepts(id, plain) {
						return fmt.Errorf("%q, in plain text: %v", prefix, in)
					}
					continue
				}
				secret, err := sealing.DecryptAge(ciphertext, identity.String())
				if err != nil || !cloud.Accepts(id, secret) {
					return fmt.Errorf("%q, encrypted: %v, %w", prefix, in, err)
				}
				if plain != "" || strings.Contains(fmt.Sprint(s), secret) {
					return fmt.Errorf("%q is in the state in plain text", prefix)
				}
			}
			return nil
		}
	}
	planned := func(swaps bool, unknown tfjsonpath.Path, null string) resource.ConfigPlanChecks {
		checks := []plancheck.PlanCheck{
			plancheck.ExpectUnknownValue(rotating, unknown),
			plancheck.ExpectKnownValue(rotating, attribute(null), knownvalue.Null()),
		}
		if swaps {
			checks = append(checks, plancheck.ExpectKnownValue(rotating, attribute("previous_token_id"), knownvalue.NotNull()))
		}
		return resource.ConfigPlanChecks{PreApply: checks, PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	}
	plain, encrypted := attribute("secret"), attribute("encrypted_secrets").AtMapKey("age")
	const noPlain, noEncrypted = "secret", "encrypted_secrets"
	cloud.Run(t,
		resource.TestStep{Config: config("a", one), ConfigPlanChecks: planned(false, encrypted, noPlain), Check: reads(one, nil)},
		resource.TestStep{Config: config("b", one), ConfigPlanChecks: planned(true, encrypted, noPlain), Check: reads(one, one)},
		resource.TestStep{Config: config("b", two), ConfigPlanChecks: planned(true, encrypted, noPlain), Check: reads(two, one)},
		resource.TestStep{Config: config("b", nil), ConfigPlanChecks: planned(true, plain, noEncrypted), Check: reads(nil, two)},
		resource.TestStep{Config: config("c", two), ConfigPlanChecks: planned(true, encrypted, noPlain), Check: reads(two, nil)},
	)
}
