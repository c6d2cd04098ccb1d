package apitoken_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/apitoken"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/sealing"
)

const noteAddress = "sealer_note.this"

// noteFor is a configuration of a note with this value of encrypt_to.
func noteFor(encryptTo string) string {
	return fmt.Sprintf("resource \"sealer_note\" \"this\" {\n  encrypt_to = %s\n}\n", encryptTo)
}

func ageList(keys ...string) string {
	return fmt.Sprintf(`{ age_recipients = ["%s"] }`, strings.Join(keys, `", "`))
}

func pgp(key string) string { return fmt.Sprintf(`{ pgp_key = %q }`, key) }

// runSealer runs the steps with the provider sealer.
func runSealer(t *testing.T, onError resource.ErrorCheckFunc, steps ...resource.TestStep) {
	t.Helper()
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){"sealer": providerserver.NewProtocol6WithError(sealer{})},
		ErrorCheck:               onError,
		Steps:                    steps,
	})
}

func ageIdentity(t *testing.T) *age.X25519Identity {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

// pgpPublicKey is a key in base64 that expires after a lifetime, or never at 0.
func pgpPublicKey(t *testing.T, created time.Time, lifetime time.Duration) string {
	t.Helper()
	entity, err := openpgp.NewEntity("Me", "", "me@example.org", &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return created }, KeyLifetimeSecs: uint32(lifetime.Seconds()),
	})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := entity.Serialize(&out); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(out.Bytes())
}

// decrypts makes sure that identity reads what is in the state.
func decrypts(identity *age.X25519Identity) resource.TestCheckFunc {
	return func(s *terraform.State) error {
		plaintext, err := sealing.DecryptAge(s.RootModule().Resources[noteAddress].Primary.Attributes["encrypted"], identity.String())
		if plaintext != noteText {
			return fmt.Errorf("read %q, %w", plaintext, err)
		}
		return nil
	}
}

func TestAccEncryptTo(t *testing.T) {
	one, two := ageIdentity(t), ageIdentity(t)
	a, b := one.Recipient().String(), two.Recipient().String()
	same, changed := statecheck.CompareValue(compare.ValuesSame()), statecheck.CompareValue(compare.ValuesDiffer())
	encrypted := attribute("encrypted")
	empty := []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}
	unknown := resource.ConfigPlanChecks{
		PreApply: []plancheck.PlanCheck{plancheck.ExpectUnknownValue(noteAddress, encrypted)}, PostApplyPostRefresh: empty,
	}
	runSealer(t, nil,
		resource.TestStep{
			Config: noteFor(ageList(a, b)), ConfigPlanChecks: unknown, Check: resource.ComposeTestCheckFunc(decrypts(one), decrypts(two)),
			ConfigStateChecks: []statecheck.StateCheck{same.AddStateValue(noteAddress, encrypted)},
		},
		resource.TestStep{
			Config: noteFor(ageList(b, a)), ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPostRefresh: empty},
			ConfigStateChecks: []statecheck.StateCheck{same.AddStateValue(noteAddress, encrypted), changed.AddStateValue(noteAddress, encrypted)},
		},
		resource.TestStep{
			Config: noteFor(ageList(b)), ConfigPlanChecks: unknown, Check: decrypts(two),
			ConfigStateChecks: []statecheck.StateCheck{changed.AddStateValue(noteAddress, encrypted)},
		},
		resource.TestStep{
			Config: noteFor(pgp(pgpPublicKey(t, time.Now(), 0))), ConfigPlanChecks: unknown,
			ConfigStateChecks: []statecheck.StateCheck{changed.AddStateValue(noteAddress, encrypted)},
		},
		resource.TestStep{Config: noteFor("null"), ConfigPlanChecks: unknown},
	)
}

// Whatever of it is not known at plan is no error, and is checked at apply.
func TestAccEncryptToUnknown(t *testing.T) {
	identity := ageIdentity(t)
	key := identity.Recipient().String()
	late := func(value string) string {
		return "resource \"terraform_data\" \"late\" {\n  input = " + value + "\n}\n"
	}
	for name, config := range map[string]string{
		"an element": late(`"`+key+`"`) + noteFor(`{ age_recipients = [terraform_data.late.output] }`),
		"the list":   late(`["`+key+`"]`) + noteFor(`{ age_recipients = tolist(terraform_data.late.output) }`),
		"which one":  late(`"`+key+`"`) + noteFor(`{ age_recipients = ["`+key+`"], pgp_key = terraform_data.late.output == "" ? "x" : null }`),
		"all of it":  late(`true`) + noteFor(`terraform_data.late.output ? `+ageList(key)+` : null`),
	} {
		t.Run(name, func(t *testing.T) {
			runSealer(t, nil, resource.TestStep{
				Config: config, Check: decrypts(identity),
				ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			})
		})
	}
	t.Run("and wrong in the end", func(t *testing.T) {
		runSealer(t, nil, resource.TestStep{
			Config:      late(`"mars"`) + noteFor(`{ age_recipients = ["`+key+`", terraform_data.late.output] }`),
			ExpectError: message("Recipient 2 of 2: it is not an age recipient"),
		})
	})
	t.Run("and nobody in the end", func(t *testing.T) {
		runSealer(t, nil, resource.TestStep{
			Config:      late(`true`) + noteFor(`{ pgp_key = terraform_data.late.output ? null : "x" }`),
			ExpectError: message("It names no recipient"),
		})
	})
}

func TestAccEncryptToRefuses(t *testing.T) {
	identity := ageIdentity(t)
	key := identity.Recipient().String()
	private := identity.String()
	zero := strings.Repeat("A", 43) + "="
	expired := pgpPublicKey(t, time.Now().Add(-48*time.Hour), 24*time.Hour)
	for name, test := range map[string]struct{ encryptTo, at, message string }{
		"nobody":             {`{}`, "encrypt_to", "It names no recipient: give one of github_public_key, age_recipients and pgp_key."},
		"two kinds":          {`{ age_recipients = ["` + key + `"], pgp_key = "x" }`, "encrypt_to", "It has age_recipients and pgp_key: give one of them"},
		"low order":          {`{ github_public_key = "` + zero + `" }`, "encrypt_to.github_public_key", "Anyone could read what is encrypted to this key"},
		"empty list":         {`{ age_recipients = [] }`, "encrypt_to.age_recipients", "There is no recipient: name at least one."},
		"null in a list":     {`{ age_recipients = ["` + key + `", null] }`, "encrypt_to.age_recipients", "Recipient 2 of 2: it is empty"},
		"typo in one":        {ageList(key, key[:30]), "encrypt_to.age_recipients", "Recipient 2 of 2: it is not a whole age recipient"},
		"keybase":            {pgp("keybase:me"), "encrypt_to.pgp_key", "Keybase: is not supported"},
		"expired":            {pgp(expired), "encrypt_to.pgp_key", "has expired, or by this machine's clock it is not valid yet"},
		"private":            {ageList(private), "encrypt_to.age_recipients", "Recipient 1 of 1: this is a private key (an age identity)"},
		"private among two":  {`{ age_recipients = ["` + private + `"], pgp_key = "x" }`, "encrypt_to.age_recipients", "this is a private key"},
		"private, in lines":  {"{\n    pgp_key = <<-EOT\n      " + private + "\n    EOT\n  }", "encrypt_to.pgp_key", "This is a private key"},
		"private for GitHub": {`{ github_public_key = "` + private + `" }`, "encrypt_to.github_public_key", "This is a private key"},
	} {
		t.Run(name, func(t *testing.T) {
			shown := ""
			runSealer(t, func(err error) error {
				shown = err.Error()
				return nil
			}, resource.TestStep{Config: noteFor(test.encryptTo), PlanOnly: true})
			summary := "Error: Invalid "
			if strings.HasPrefix(name, "private") {
				summary = "Error: Private key in "
			}
			if !strings.Contains(shown, summary+test.at+"\n") || !message(test.message).MatchString(shown) || strings.Contains(shown, private[20:50]) {
				t.Errorf("shown: %s", shown)
			}
		})
	}
}

// Before there is a plan, so that `terraform validate` finds it too, a key is checked
// that is known. That one has expired is left to who seals.
func TestEncryptToIsValidated(t *testing.T) {
	encryptTo := apitoken.EncryptToAttribute()
	attributeTypes := map[string]attr.Type{
		"github_public_key": types.StringType, "age_recipients": types.ListType{ElemType: types.StringType}, "pgp_key": types.StringType,
	}
	for name, test := range map[string]struct {
		key           types.String
		errors        int
		atTheArgument bool
	}{
		"unknown": {types.StringUnknown(), 0, false},
		"wrong":   {types.StringValue("keybase:me"), 1, true},
		"private": {types.StringValue(ageIdentity(t).String()), 1, false}, // a CLI prints the lines of an argument
		"expired": {types.StringValue(pgpPublicKey(t, time.Now().Add(-48*time.Hour), 24*time.Hour)), 0, false},
	} {
		value := types.ObjectValueMust(attributeTypes, map[string]attr.Value{
			"github_public_key": types.StringNull(), "age_recipients": types.ListNull(types.StringType), "pgp_key": test.key,
		})
		resp := validator.ObjectResponse{}
		for _, v := range encryptTo.Validators {
			v.ValidateObject(t.Context(), validator.ObjectRequest{Path: path.Root("encrypt_to"), ConfigValue: value}, &resp)
		}
		if resp.Diagnostics.ErrorsCount() != test.errors {
			t.Errorf("%s: %v", name, resp.Diagnostics)
		}
		for _, d := range resp.Diagnostics {
			if _, atTheArgument := d.(diag.DiagnosticWithPath); atTheArgument != test.atTheArgument {
				t.Errorf("%s: at the argument: %v", name, atTheArgument)
			}
		}
	}
}
