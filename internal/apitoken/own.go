package apitoken

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

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
	refuse := func(what, instead string) { diags.Append(refusal(before, what, instead)) }
	if after == nil {
		refuse("delete", useAnother+", or take this one out of the state and leave it as it is: `terraform state rm`.")
		return diags
	}
	if before.Role.ValueString() == string(cloudfleet.RoleAdministrator) && !after.Role.IsUnknown() && !after.Role.Equal(before.Role) {
		refuse("change the role of", useAnother+".")
	}
	rotates := !after.RotationTrigger.IsUnknown() && rotates(before.RotationTrigger, after.RotationTrigger)
	if rotates || !after.EncryptTo.IsUnknown() && recipientsChange(ctx, before.EncryptTo, after.EncryptTo) {
		refuse("regenerate the secret of", useAnother+", or regenerate it by hand, in the Cloudfleet Console or with "+
			"`cloudfleet tokens regenerate`, and give the new secret to the provider.")
	}
	return diags
}

const useAnother = "Configure the provider with another Administrator token (CLOUDFLEET_ACCESS_TOKEN_ID and CLOUDFLEET_ACCESS_TOKEN_SECRET) first"

func refusal(m *model, what, instead string) diag.Diagnostic {
	return diag.NewErrorDiagnostic(fmt.Sprintf("Refusing to %s the provider's own API token", what), fmt.Sprintf(
		"The API token %q (%s) is the one that the provider itself works with: this run, and every one after it, would be locked out. %s",
		m.Name.ValueString(), m.ID.ValueString(), instead))
}

// refuseOwnSlots is refuseOwn for a rotating token. That the provider's own token
// becomes the previous one does it no harm.
func refuseOwnSlots(ctx context.Context, client *cloudfleet.Client, before, after *rotatingModel) diag.Diagnostics {
	current, previous := before.slot(before.TokenID), before.slot(before.PreviousTokenID)
	if after == nil {
		return append(refuseOwn(ctx, client, current, nil), refuseOwn(ctx, client, previous, nil)...)
	}
	current.EncryptTo, previous.EncryptTo = after.EncryptTo, after.EncryptTo
	dropped := previous
	if after.swaps(ctx, before) {
		previous.RotationTrigger, previous.EncryptTo, dropped = before.RotationTrigger, before.EncryptTo, current
	}
	target := &model{Role: after.Role, RotationTrigger: after.RotationTrigger, EncryptTo: after.EncryptTo}
	diags := append(refuseOwn(ctx, client, current, target), refuseOwn(ctx, client, previous, target)...)
	if after.dropsPrevious() && !after.RotationTrigger.IsUnknown() && client != nil && client.CallsAs(dropped.ID.ValueString()) {
		diags.Append(refusal(dropped, "delete", useAnother+", or set keep_previous = true."))
	}
	return diags
}

// slot is the token with this ID, as far as refuseOwn looks at it. One whose role
// the two tokens do not agree on counts as the provider's own can only be.
func (m *rotatingModel) slot(id types.String) *model {
	slot := &model{ID: id, Name: m.Name, Role: m.Role}
	if m.Role.IsNull() {
		slot.Role = types.StringValue(string(cloudfleet.RoleAdministrator))
	}
	return slot
}
