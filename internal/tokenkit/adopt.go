package tokenkit

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

// SecretWO and PreviousSecretWO are the names of the arguments that pass a secret to a
// state that does not have it.
const (
	SecretWO         = "secret_wo"
	PreviousSecretWO = "previous_secret_wo"
)

// AdoptAttribute is such an argument in the schema of a resource. which names the token,
// and attribute the attribute that then has the secret.
func AdoptAttribute(which, attribute string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, WriteOnly: true, Sensitive: true,
		MarkdownDescription: fmt.Sprintf("Secret of %s, for a state that does not have it, as after an import. One call verifies it, and "+
			"`%s` is then set to it; nothing is regenerated. Ignored if the state has a secret, and in a create. Remove it afterwards. "+
			"Requires Terraform 1.11 or OpenTofu 1.11.", which, attribute),
	}
}

// Adopts reports whether to store the secret in this argument: the state has none, and
// the configuration has one.
func Adopts(ctx context.Context, config tfsdk.Config, argument string, stored StoredSecret) (bool, diag.Diagnostics) {
	var given types.String
	diags := config.GetAttribute(ctx, path.Root(argument), &given)
	return !given.IsNull() && stored.IsNull(), diags
}

// Adopt returns the secret in this argument, encrypted if there are recipients, after
// Cloudfleet has accepted it as the secret of the token.
func Adopt(
	ctx context.Context,
	client *cloudfleet.Client,
	config tfsdk.Config,
	argument string,
	id types.String,
	recipients Recipients,
) (stored StoredSecret, diags diag.Diagnostics) {
	var given types.String
	diags = config.GetAttribute(ctx, path.Root(argument), &given)
	if diags.HasError() || given.IsNull() {
		return NoSecret(), diags
	}
	rejected, err := client.RejectsSecret(ctx, id.ValueString(), given.ValueString())
	switch {
	case err != nil:
		diags.AddAttributeError(path.Root(argument), "Could not verify the secret of API token "+id.ValueString(),
			tfdiag.Sentence(err)+" The state is as it was. Apply again.")
	case rejected:
		diags.AddAttributeError(path.Root(argument), "Cloudfleet rejects this secret of API token "+id.ValueString(),
			fmt.Sprintf("The answer was 401: it is the secret of another token, or one that was regenerated since. The state is as it was. "+
				"Set %s to the token's present secret, or take it out and change rotation_trigger to have a new secret issued.", argument))
	default:
		if stored, err = storedSecret(given.ValueString(), recipients); err != nil {
			diags.AddError("Could not encrypt the secret of API token "+id.ValueString(), tfdiag.Sentence(err)+" The state is as it was.")
		}
		return stored, diags
	}
	return NoSecret(), diags
}
