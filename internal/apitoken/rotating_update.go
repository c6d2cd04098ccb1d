package apitoken

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

// Update renames first, then rotates, then deletes, and saves in between. The token
// that is current is never regenerated, and deleted only when its successor is in
// the state: wherever this ends, the secret in the state is good.
func (r *RotatingResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var before, plan rotatingModel
	resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	recipients, diags := sealTo(ctx, plan.EncryptTo)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	m := before
	save := func() {
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
		resp.Diagnostics.Append(m.identify(ctx, resp.Identity)...)
	}

	if plan.settings() != before.settings() {
		for _, id := range []types.String{before.PreviousTokenID, before.TokenID} {
			if resp.Diagnostics.Append(r.rename(ctx, id, plan.settings())...); resp.Diagnostics.HasError() {
				return
			}
		}
		m.Name, m.Role = plan.Name, plan.Role
		save()
	}
	if plan.issues(ctx, &before) {
		token, inDoubt, diags := r.issue(ctx, m)
		if resp.Diagnostics.Append(diags...); diags.HasError() {
			return
		}
		if plan.swaps(ctx, &before) {
			m.setPrevious(&before)
		}
		resp.Diagnostics.Append(m.setCurrent(token, recipients)...)
		m.RotationTrigger, m.EncryptTo = plan.RotationTrigger, plan.EncryptTo
		save()
		if inDoubt > 0 {
			resp.Diagnostics.Append(warnOfLeftovers(ctx, r.client, token, inDoubt, m.PreviousTokenID.ValueString())...)
		}
	}
	if plan.dropsPrevious() {
		if resp.Diagnostics.Append(r.delete(ctx, m.PreviousTokenID)...); resp.Diagnostics.HasError() {
			return
		}
		m.setNoPrevious()
	}
	m.RotationTrigger, m.KeepPrevious, m.EncryptTo = plan.RotationTrigger, plan.KeepPrevious, plan.EncryptTo
	save()
}

// issue makes the next current token: of the one in the other slot, if there is one
// and it is not needed as the only good one, or of a new one.
func (r *RotatingResource) issue(ctx context.Context, m rotatingModel) (cloudfleet.Token, time.Duration, diag.Diagnostics) {
	if !m.TokenID.IsNull() && !m.PreviousTokenID.IsNull() {
		token, err := r.client.RegenerateToken(ctx, m.PreviousTokenID.ValueString())
		if err == nil {
			return token, 0, nil
		}
		if !cloudfleet.IsNotFound(err) {
			consequence := "The current secret is untouched. " + triesAgain
			if cloudfleet.MayHaveActed(err) {
				consequence = "The previous secret may be dead already. " + consequence
			}
			return token, 0, rotatingFailure(regenerate, m.PreviousTokenID, consequence, err)
		}
	}
	token, inDoubt, err := r.client.CreateToken(ctx, m.settings())
	if err == nil {
		return token, inDoubt, nil
	}
	consequence := "The tokens in the state are as they were. " + triesAgain
	switch {
	case token.ID != "":
		consequence = fmt.Sprintf("Cloudfleet has created the token %s without telling its secret: delete it. ", token.ID) + consequence
	case cloudfleet.MayHaveActed(err):
		consequence = mayBeCreated + " " + consequence
	}
	return token, 0, tfdiag.FromError(fmt.Sprintf("Could not create the next API token of %q", m.Name.ValueString()), consequence, err, "name", "role")
}

// rename gives a token its settings; null is none.
func (r *RotatingResource) rename(ctx context.Context, id types.String, s cloudfleet.TokenSettings) diag.Diagnostics {
	if id.IsNull() {
		return nil
	}
	_, err := r.client.UpdateToken(ctx, id.ValueString(), s)
	if err != nil {
		return rotatingFailure("update", id, "No secret was changed. The next apply updates both tokens again.", err)
	}
	return nil
}

// delete deletes a token; null is none.
func (r *RotatingResource) delete(ctx context.Context, id types.String) diag.Diagnostics {
	if id.IsNull() {
		return nil
	}
	err := r.client.DeleteToken(ctx, id.ValueString())
	if err != nil && !cloudfleet.IsNotFound(err) {
		return rotatingFailure("delete", id, "It stays in the state. The next apply deletes it.", err)
	}
	return nil
}

const triesAgain = "The state keeps the old rotation_trigger, so that the next apply tries again."

// rotatingFailure says which of the two tokens could not be worked on.
func rotatingFailure(verb string, id types.String, consequence string, err error) diag.Diagnostics {
	return tfdiag.FromError(fmt.Sprintf("Could not %s API token %s", verb, id.ValueString()), consequence, err, "name", "role")
}
