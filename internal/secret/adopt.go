package secret

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

// Adopts reports whether a change of secret_wo_version takes over the secret in secret_wo.
// While the planned version is unknown it may, and certain is false.
//
// The secret itself decides nothing: it may be null in the plan and set in the apply.
func Adopts(before, planned types.Number) (adopts, certain bool) {
	return !planned.IsNull() && !planned.Equal(before), !planned.IsUnknown()
}

// Adopt returns the secret in secret_wo for the state, after Cloudfleet has accepted it as
// the secret of the token with this ID. After an error the state is as it was.
func Adopt(
	ctx context.Context,
	client *cloudfleet.Client,
	config tfsdk.Config,
	id string,
	recipients Recipients,
) (Stored, diag.Diagnostics) {
	var given types.String
	diags := config.GetAttribute(ctx, path.Root(wo), &given)
	if diags.HasError() {
		return None(), diags
	}
	if given.IsNull() {
		diags.AddAttributeError(path.Root(wo), "No secret to take over for API token "+id,
			woVersion+" has changed, and "+wo+" is null. Nothing was changed. Set "+wo+" to the present secret of the token, or set "+
				woVersion+" back.")
		return None(), diags
	}
	rejected, err := client.RejectsSecret(ctx, id, given.ValueString())
	switch {
	case err != nil:
		diags.AddAttributeError(path.Root(wo), "Could not verify the secret of API token "+id,
			tfdiag.Sentence(err)+" The state is as it was. Apply again.")
	case rejected:
		diags.AddAttributeError(path.Root(wo), "Cloudfleet rejects this secret of API token "+id,
			"The answer was 401: it is the secret of another token, or one that was regenerated since. The state is as it was. Set "+wo+
				" to the token's present secret, or set "+woVersion+" back and change rotation_trigger to have a new secret issued.")
	default:
		stored, err := Store(given.ValueString(), recipients)
		if err != nil {
			diags.AddError("Could not encrypt the secret of API token "+id, tfdiag.Sentence(err)+" The state is as it was.")
		}
		return stored, diags
	}
	return None(), diags
}
