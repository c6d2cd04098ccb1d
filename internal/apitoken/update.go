package apitoken

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

// Update starts with the state, renames first, regenerates last, and saves after each
// call: the result of one call is in the state even if the next one fails.
func (r *Resource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m, plan model
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	memory, diags := tokenkit.LoadMemory(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	recipients, diags := tokenkit.RecipientsFor(ctx, plan.EncryptTo)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	adopts, diags := tokenkit.Adopts(ctx, req.Config, tokenkit.SecretWO, m.StoredSecret)
	resp.Diagnostics.Append(diags...)
	change := decide(ctx, r.data.Client, &m, &plan, memory, adopts)
	resp.Diagnostics.Append(tokenkit.CheckLockout(r.data.Client, change.effect)...)
	if resp.Diagnostics.HasError() {
		return
	}
	defer r.data.Process.Begin()()
	resp.Diagnostics.Append(identify(ctx, resp.Identity, m.ID)...)
	save := func() {
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
		resp.Diagnostics.Append(memory.Save(ctx, resp.Private)...)
	}

	m.VerifySecret = plan.VerifySecret
	if change.Updates {
		token, err := r.data.Client.UpdateToken(ctx, m.ID.ValueString(), plan.Settings())
		if err != nil {
			resp.Diagnostics.Append(failure("update", m, "", err)...)
			return
		}
		m.Name, m.Role = plan.Name, plan.Role
		resp.Diagnostics.Append(memory.RememberStored(plan.Settings(), token)...)
		save()
	}
	if change.Issues {
		token, ambiguous, err := r.data.Client.RegenerateToken(ctx, m.known(memory))
		if err != nil {
			resp.Diagnostics.Append(failure(regenerate, m, "", err)...)
			return
		}
		version := types.Int64Value(tokenkit.NextVersion(m.SecretVersion.ValueInt64()))
		diags := m.SetSecret(token, version, recipients)
		if resp.Diagnostics.Append(diags...); diags.HasError() {
			save()
			return
		}
		resp.Diagnostics.Append(memory.Issued(m.Name, version, ambiguous)...)
	}
	if change.adopts {
		stored, diags := tokenkit.Adopt(ctx, r.data.Client, req.Config, tokenkit.SecretWO, m.ID, recipients)
		if resp.Diagnostics.Append(diags...); diags.HasError() {
			return
		}
		m.AdoptSecret(stored)
	}
	m.RotationTrigger, m.EncryptTo = plan.RotationTrigger, plan.EncryptTo
	m.Schedule(plan.RotateAfterDays)
	save()
}
