package secret_test

import (
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/secret"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// Known keys are validated before the plan, also by `terraform validate`. An expired key
// is reported only when something is encrypted.
func TestEncryptToIsValidated(t *testing.T) {
	encryptTo, _ := secret.Attributes("", "")[secret.EncryptToName].(schema.SingleNestedAttribute)
	for name, test := range map[string]struct {
		key           types.String
		errors        int
		atTheArgument bool
	}{
		"unknown": {types.StringUnknown(), 0, false},
		"wrong":   {types.StringValue("keybase:me"), 1, true},
		"private": {types.StringValue(tokentest.AgeIdentity(t).String()), 1, false}, // a CLI prints the lines of an argument
		"expired": {types.StringValue(tokentest.PGPPublicKey(t, time.Now().Add(-48*time.Hour), 24*time.Hour)), 0, false},
	} {
		value := types.ObjectValueMust(secret.NoRecipients().AttributeTypes(t.Context()), map[string]attr.Value{
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
