package apitoken_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/sealing"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// tokenFor is a configuration of a token with this value of encrypt_to.
func tokenFor(encryptTo string, arguments ...string) string {
	return token("ci", "User", append(arguments, "encrypt_to = "+encryptTo)...)
}

func pgp(key string) string { return fmt.Sprintf(`{ pgp_key = %q }`, key) }

// decrypts checks that identity can decrypt the secret, and that it is nowhere else in
// the state.
func decrypts(cloud *acctest.Cloud, identity *age.X25519Identity) resource.TestCheckFunc {
	return decryptsAt(cloud, address, identity)
}

func decryptsAt(cloud *acctest.Cloud, address string, identity *age.X25519Identity) resource.TestCheckFunc {
	return func(s *terraform.State) error {
		in := s.RootModule().Resources[address].Primary.Attributes
		plaintext, err := sealing.DecryptAge(in["encrypted_secrets.age"], identity.String())
		if err != nil || !cloud.Accepts(in["id"], plaintext) {
			return fmt.Errorf("read %q, %w", plaintext, err)
		}
		if strings.Contains(fmt.Sprint(s), plaintext) {
			return fmt.Errorf("the secret is in the state: %s", s)
		}
		return nil
	}
}

func TestAccEncryptTo(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	one, two := ageIdentity(t), ageIdentity(t)
	a, b := one.Recipient().String(), two.Recipient().String()
	same, changed := statecheck.CompareValue(compare.ValuesSame()), statecheck.CompareValue(compare.ValuesDiffer())
	encrypted, nothing := attribute("encrypted_secrets").AtMapKey("age"), knownvalue.Null()
	planned := func(secret, encrypted plancheck.PlanCheck) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{
			PreApply:             []plancheck.PlanCheck{secret, encrypted},
			PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
		}
	}
	issues := planned(inPlan("secret", nothing), plancheck.ExpectUnknownValue(address, encrypted))
	keeps := planned(inPlan("secret", nothing), inPlan("encrypted_secrets", knownvalue.NotNull()))
	cloud.Run(t,
		resource.TestStep{
			Config: tokenFor(ageList(a, b)), ConfigPlanChecks: issues,
			Check:             resource.ComposeTestCheckFunc(decrypts(cloud, one), decrypts(cloud, two)),
			ConfigStateChecks: []statecheck.StateCheck{same.AddStateValue(address, encrypted)},
		},
		resource.TestStep{
			Config: tokenFor(ageList(b, a), verify, trigger("a")), ConfigPlanChecks: keeps,
			ConfigStateChecks: []statecheck.StateCheck{same.AddStateValue(address, encrypted), changed.AddStateValue(address, encrypted)},
		},
		resource.TestStep{
			Config: tokenFor(ageList(b), verify, trigger("a")), ConfigPlanChecks: issues, Check: decrypts(cloud, two),
			ConfigStateChecks: []statecheck.StateCheck{changed.AddStateValue(address, encrypted)},
		},
		resource.TestStep{
			Config: tokenFor(ageList(b), trigger("b")), ConfigPlanChecks: issues, Check: decrypts(cloud, two),
			ConfigStateChecks: []statecheck.StateCheck{changed.AddStateValue(address, encrypted)},
		},
		resource.TestStep{
			Config: tokenFor(pgp(tokentest.PGPPublicKey(t, time.Now(), 0)), trigger("b")),
			ConfigPlanChecks: planned(
				inPlan("secret", nothing),
				plancheck.ExpectUnknownValue(address, attribute("encrypted_secrets").AtMapKey("pgp")),
			),
		},
		resource.TestStep{
			Config: tokenFor("null", trigger("b")), Check: accepted(cloud),
			ConfigPlanChecks: planned(plancheck.ExpectUnknownValue(address, attribute("secret")), inPlan("encrypted_secrets", nothing)),
		},
		resource.TestStep{Config: tokenFor(ageList(a)), ConfigPlanChecks: issues, Check: decrypts(cloud, one)},
	)
	regenerated := slices.DeleteFunc(cloud.Writes(), func(call string) bool { return !strings.Contains(call, "/regenerate") })
	if len(regenerated) != 5 {
		t.Errorf("regenerated %d times: %v", len(regenerated), regenerated)
	}
}

// Recipients are not stored before their secret has been encrypted.
func TestAccEncryptToThatFailsIsTriedAgain(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	one, two := ageIdentity(t), ageIdentity(t)
	renamed := strings.Replace(tokenFor(ageList(two.Recipient().String())), `"ci"`, `"renamed"`, 2)
	renamed = strings.Replace(renamed, `"renamed"`, `"ci"`, 1) // the label
	cloud.Run(t,
		resource.TestStep{Config: tokenFor(ageList(one.Recipient().String()))},
		resource.TestStep{
			PreConfig: func() {
				cloud.Intercept(func(api http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if isRegenerate(r) {
							w.WriteHeader(http.StatusConflict)
							return
						}
						api.ServeHTTP(w, r)
					})
				})
			},
			Config: renamed, ExpectError: message("409 Conflict"),
		},
		resource.TestStep{PreConfig: func() { cloud.Intercept(nil) }, Config: renamed, Check: decrypts(cloud, two)},
	)
}

// Any part may be unknown in the plan, and is validated in the apply.
func TestAccEncryptToUnknown(t *testing.T) {
	identity := ageIdentity(t)
	key := identity.Recipient().String()
	late := func(value string) string {
		return "resource \"terraform_data\" \"late\" {\n  input = " + value + "\n}\n"
	}
	config, checks := "", []resource.TestCheckFunc{}
	cloud := acctest.Start(t, mockserver.Options{})
	for name, row := range map[string]string{
		"an element": late(`"`+key+`"`) + tokenFor(`{ age_recipients = [terraform_data.late.output] }`),
		"the list":   late(`["`+key+`"]`) + tokenFor(`{ age_recipients = tolist(terraform_data.late.output) }`),
		"which one":  late(`"`+key+`"`) + tokenFor(`{ age_recipients = ["`+key+`"], pgp_key = terraform_data.late.output == "" ? "x" : null }`),
		"all of it":  late(`true`) + tokenFor(`terraform_data.late.output ? `+ageList(key)+` : null`),
	} {
		label := acctest.Label(name)
		config += acctest.Relabel(row, label)
		checks = append(checks, decryptsAt(cloud, "cloudfleet_api_token."+label, identity))
	}
	t.Run("and right in the end", func(t *testing.T) {
		cloud.Run(t, resource.TestStep{
			Config: config, Check: resource.ComposeTestCheckFunc(checks...),
			ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		})
	})
	t.Run("and wrong in the end", func(t *testing.T) {
		acctest.Start(t, mockserver.Options{}).Run(t, resource.TestStep{
			Config:      late(`"mars"`) + tokenFor(`{ age_recipients = ["`+key+`", terraform_data.late.output] }`),
			ExpectError: message("Recipient 2 of 2: it is not an age recipient"),
		})
	})
	t.Run("and nobody in the end", func(t *testing.T) {
		acctest.Start(t, mockserver.Options{}).Run(t, resource.TestStep{
			Config:      late(`true`) + tokenFor(`{ pgp_key = terraform_data.late.output ? null : "x" }`),
			ExpectError: message("It names no recipient"),
		})
	})
}

func TestAccEncryptToRefuses(t *testing.T) {
	identity := ageIdentity(t)
	key := identity.Recipient().String()
	private := identity.String()
	zero := strings.Repeat("A", 43) + "="
	tests := map[string]refusal{
		"nobody":      {`{}`, "encrypt_to", "It names no recipient"},
		"second kind": {`{ age_recipients = ["` + key + `"], pgp_key = "x" }`, "encrypt_to.pgp_key", "PGP key"},
		"low order": {
			`{ github_public_key = "` + zero + `" }`,
			"encrypt_to.github_public_key",
			"Anyone could read what is encrypted to this key",
		},
		"empty list":        {`{ age_recipients = [] }`, "encrypt_to.age_recipients", "There is no recipient: name at least one."},
		"null in a list":    {`{ age_recipients = ["` + key + `", null] }`, "encrypt_to.age_recipients", "Recipient 2 of 2: it is empty"},
		"typo in one":       {ageList(key, key[:30]), "encrypt_to.age_recipients", "Recipient 2 of 2: it is not a whole age recipient"},
		"keybase":           {pgp("keybase:me"), "encrypt_to.pgp_key", "Keybase: is not supported"},
		"private":           {ageList(private), "encrypt_to.age_recipients", "Recipient 1 of 1: this is a private key (an age identity)"},
		"private among two": {`{ age_recipients = ["` + private + `"], pgp_key = "x" }`, "encrypt_to.age_recipients", "this is a private key"},
		"private, after an error": {
			`{ github_public_key = "x", age_recipients = ["` + private + `"] }`, "encrypt_to.age_recipients", "this is a private key",
		},
		"private, in lines":  {"{\n    pgp_key = <<-EOT\n      " + private + "\n    EOT\n  }", "encrypt_to.pgp_key", "This is a private key"},
		"private for GitHub": {`{ github_public_key = "` + private + `" }`, "encrypt_to.github_public_key", "This is a private key"},
	}
	refuses(t, tests, private[20:50])
}

// An expired key passes validation, so that it needs a plan of its own.
func TestAccEncryptToRefusesAnExpiredKey(t *testing.T) {
	expired := tokentest.PGPPublicKey(t, time.Now().Add(-48*time.Hour), 24*time.Hour)
	refuses(t, map[string]refusal{
		"expired": {pgp(expired), "encrypt_to.pgp_key", "has expired"},
	}, "PRIVATE KEY") // the public key is shown by newer CLIs
}

type refusal struct{ encryptTo, at, message string }

func refuses(t *testing.T, tests map[string]refusal, hidden string) {
	t.Helper()
	config := ""
	for name, test := range tests {
		config += acctest.Relabel(tokenFor(test.encryptTo), acctest.Label(name))
	}
	errors := acctest.PlanErrors(t, acctest.Core, config)
	for name, test := range tests {
		summary := "Error: Invalid "
		if strings.HasPrefix(name, "private") {
			summary = "Error: Private key in "
		}
		shown := errors[acctest.Label(name)]
		if !strings.Contains(shown, summary+test.at+"\n") || !message(test.message).MatchString(shown) || strings.Contains(shown, hidden) {
			t.Errorf("%s: shown: %s", name, shown)
		}
	}
}
