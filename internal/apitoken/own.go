package apitoken

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

// refuseOwn refuses what would lock the provider out: to delete, to demote or to
// regenerate the token that it works with itself. After is nil for a delete. What
// is not known yet is looked at again: Terraform plans an update once more when it
// applies it.
func refuseOwn(ctx context.Context, client *cloudfleet.Client, before, after *model) diag.Diagnostics {
	var diags diag.Diagnostics
	if client == nil || !client.CallsAs(before.ID.ValueString()) {
		return diags
	}
	refuse := func(what, instead string) {
		diags.AddError(fmt.Sprintf("Refusing to %s the provider's own API token", what), fmt.Sprintf(
			"The API token %q (%s) is the one that the provider itself works with: this run, and every one after it, would be locked out. %s",
			before.Name.ValueString(), before.ID.ValueString(), instead))
	}
	const other = "Configure the provider with another Administrator token (CLOUDFLEET_ACCESS_TOKEN_ID and CLOUDFLEET_ACCESS_TOKEN_SECRET) first"
	if after == nil {
		refuse("delete", other+", or take this one out of the state and leave it as it is: `terraform state rm`.")
		return diags
	}
	if before.Role.ValueString() == string(cloudfleet.RoleAdministrator) && !after.Role.IsUnknown() && !after.Role.Equal(before.Role) {
		refuse("change the role of", other+".")
	}
	rotates := !after.RotationTrigger.IsUnknown() && rotates(before.RotationTrigger, after.RotationTrigger)
	if rotates || !after.EncryptTo.IsUnknown() && recipientsChange(ctx, before.EncryptTo, after.EncryptTo) {
		refuse("regenerate the secret of", other+", or regenerate it by hand, in the Cloudfleet Console or with "+
			"`cloudfleet tokens regenerate`, and give the new secret to the provider.")
	}
	return diags
}
