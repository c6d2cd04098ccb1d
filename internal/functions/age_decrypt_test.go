package functions_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/functions"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/sealing"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
)

const secret = "cf_secret_0123456789abcdefghijABCDEFGHIJ01"

// sealed returns the secret as a ciphertext, and an identity that decrypts it.
func sealed(t *testing.T) (ciphertext, identity string) {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	recipients, err := sealing.ParseAgeRecipients([]string{key.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	ciphertext, err = recipients.Seal(secret)
	if err != nil {
		t.Fatal(err)
	}
	return ciphertext, key.String()
}

// variable declares a variable with arguments.
func variable(name string, arguments ...string) string {
	return fmt.Sprintf("variable %q {\n  type = string\n  %s\n}\n", name, strings.Join(arguments, "\n  "))
}

func output(value string, arguments ...string) string {
	return fmt.Sprintf("output \"this\" {\n  value = %s\n  %s\n}\n", value, strings.Join(arguments, "\n  "))
}

// keep passes a value to a write-only argument.
func keep(value string) string {
	return fmt.Sprintf("resource \"vault_secret\" \"this\" {\n  value_wo = %s\n  value_wo_version = \"1\"\n}\n", value)
}

const (
	decryption = "provider::cloudfleet::age_decrypt(var.ciphertext, var.identity)"
	ephemeral  = "ephemeral = true"
)

// message matches a text in an error, wherever the CLI breaks its lines.
func message(text string) *regexp.Regexp {
	words := strings.Fields(text)
	for i := range words {
		words[i] = regexp.QuoteMeta(words[i])
	}
	return regexp.MustCompile(strings.Join(words, `[\s│]+`))
}

// run has no provider block of cloudfleet. Before Terraform 1.11 there is no
// write-only argument, and before 1.10 no ephemeral variable.
func run(t *testing.T, v *vault, step resource.TestStep, onError ...resource.ErrorCheckFunc) {
	t.Helper()
	acctest.Need(t, acctest.WriteOnly)
	factories := maps.Clone(acctest.Factories)
	factories["vault"] = providerserver.NewProtocol6WithError(v)
	test := resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps:                    []resource.TestStep{step},
	}
	for _, f := range onError {
		test.ErrorCheck = f
	}
	resource.ParallelTest(t, test)
}

func values(ciphertext, identity string) config.Variables {
	return config.Variables{"ciphertext": config.StringVariable(ciphertext), "identity": config.StringVariable(identity)}
}

func TestAccAgeDecrypt(t *testing.T) {
	ciphertext, identity := sealed(t)
	run(t, &vault{}, resource.TestStep{
		Config: variable("ciphertext") + variable("identity") + output(decryption), ConfigVariables: values(ciphertext, identity),
		ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("this", knownvalue.StringExact(secret))},
	})
}

func TestAccAgeDecryptKeepsTheMarkOfTheIdentity(t *testing.T) {
	ciphertext, identity := sealed(t)
	for name, test := range map[string]struct{ mark, message string }{
		"ephemeral": {ephemeral, "ephemeral value"},
		"sensitive": {"sensitive = true", "Output refers to sensitive values"},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, &vault{}, resource.TestStep{
				Config:          variable("ciphertext") + variable("identity", test.mark) + output(decryption),
				ConfigVariables: values(ciphertext, identity), ExpectError: message(test.message),
			})
		})
	}
}

// free is a check that none of these texts is in a plan or a state.
type free []string

func (f free) check(of any) error {
	text, err := json.Marshal(of)
	if err != nil {
		return err
	}
	for _, s := range f {
		if strings.Contains(string(text), s) {
			return fmt.Errorf("%q is in %s", s, text)
		}
	}
	return nil
}

func (f free) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	resp.Error = f.check(req.Plan)
}

func (f free) CheckState(_ context.Context, req statecheck.CheckStateRequest, resp *statecheck.CheckStateResponse) {
	resp.Error = f.check(req.State)
}

// The intended use: the ciphertext is known only in the apply, and the secret goes from
// an ephemeral identity to a write-only argument.
func TestAccAgeDecryptToWriteOnly(t *testing.T) {
	ciphertext, identity := sealed(t)
	v := &vault{}
	run(t, v, resource.TestStep{
		Config: variable("ciphertext") + variable("identity", ephemeral) + `
resource "terraform_data" "token" { input = var.ciphertext }
` + keep("provider::cloudfleet::age_decrypt(terraform_data.token.output, var.identity)"),
		ConfigVariables:   values(ciphertext, identity),
		ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{free{secret, identity}}},
		ConfigStateChecks: []statecheck.StateCheck{free{secret, identity}},
	})
	if !slices.Equal(v.kept, []string{secret}) {
		t.Errorf("kept: %q", v.kept)
	}
}

// The CLI shows more of an error than the provider's text, so the whole output is
// checked.
func TestAccAgeDecryptRefuses(t *testing.T) {
	ciphertext, identity := sealed(t)
	_, other := sealed(t)
	for name, test := range map[string]struct{ ciphertext, identity, argument, message string }{
		"other identity":     {ciphertext, other, "identity", "the ciphertext was not encrypted to this identity"},
		"half an identity":   {ciphertext, identity[:60], "identity", "this is not an age identity"},
		"not a ciphertext":   {secret, identity, "ciphertext", "this is not an armored age file"},
		"damaged ciphertext": {ciphertext[:150] + ciphertext[170:], identity, "ciphertext", "the ciphertext is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			shown := ""
			run(t, &vault{}, resource.TestStep{
				Config: variable(
					"ciphertext",
				) + variable(
					"identity",
					ephemeral,
				) + keep(
					decryption,
				),
				ConfigVariables: values(test.ciphertext, test.identity),
			}, func(err error) error {
				shown = err.Error()
				return nil
			})
			if !message(fmt.Sprintf("Invalid value for %q parameter: %s", test.argument, test.message)).MatchString(shown) ||
				strings.Contains(shown, test.identity[20:50]) {
				t.Errorf("shown: %s", shown)
			}
		})
	}
}

func TestAgeDecryptIsDescribed(t *testing.T) {
	f := functions.NewAgeDecrypt()
	var resp function.DefinitionResponse
	f.Definition(t.Context(), function.DefinitionRequest{}, &resp)
	var validation function.DefinitionValidateResponse
	resp.Definition.ValidateImplementation(t.Context(), function.DefinitionValidateRequest{FuncName: "age_decrypt"}, &validation)
	if resp.Diagnostics.HasError() || validation.Diagnostics.HasError() {
		t.Error(resp.Diagnostics, validation.Diagnostics)
	}
}
