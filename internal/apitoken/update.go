package apitoken

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/secret"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
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
	recipients, diags := secret.Parse(ctx, plan.EncryptTo)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(tokenkit.CheckOurs(typeName, &m.Model, m.ID)...)
	if resp.Diagnostics.HasError() {
		return
	}
	change := decide(ctx, r.Data.Client, &m, &plan, memory)
	resp.Diagnostics.Append(tokenkit.CheckLockout(r.Data.Client, change.effect(&m, &plan))...)
	if resp.Diagnostics.HasError() {
		return
	}
	defer r.Data.Process.Begin()()
	resp.Diagnostics.Append(identify(ctx, resp.Identity, m.ID)...)
	save := func() {
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
		resp.Diagnostics.Append(memory.Save(ctx, resp.Private)...)
	}
	if change.Updates {
		if resp.Diagnostics.Append(r.rename(ctx, &m, &plan, &memory)...); resp.Diagnostics.HasError() {
			return
		}
		save()
	}
	if change.Adopts {
		stored, diags := secret.Adopt(ctx, r.Data.Client, req.Config, m.ID.ValueString(), recipients)
		if resp.Diagnostics.Append(diags...); diags.HasError() {
			return
		}
		m.Adopted(&memory, stored, &plan.Model)
		save()
	}
	if change.Issues {
		token, twice, err := r.Data.Client.RegenerateToken(ctx, memory.Known(m.ID, &m.Model))
		if err != nil {
			consequence := ""
			if cloudfleet.MayHaveActed(err) {
				consequence = "The old secret may be revoked already. The next apply regenerates it again."
			}
			resp.Diagnostics.Append(failure("regenerate the secret of", &m, consequence, err)...)
			return
		}
		diags := m.Issued(&memory, token, recipients, twice)
		if resp.Diagnostics.Append(diags...); diags.HasError() {
			save()
			return
		}
	}
	m.SetConfigured(&plan.Model, &memory)
	save()
}

// rename sends name and role.
func (r *Resource) rename(ctx context.Context, m, plan *model, memory *tokenkit.Memory) diag.Diagnostics {
	token, err := r.Data.Client.UpdateToken(ctx, m.ID.ValueString(), plan.Settings())
	if err != nil {
		return failure("update", m, "", err)
	}
	m.Name, m.Role = plan.Name, plan.Role
	return memory.RememberStored(plan.Settings(), token)
}

// failure returns an error that names the token and what failed. consequence is the state
// of the secret, or nothing.
func failure(verb string, m *model, consequence string, err error) diag.Diagnostics {
	return tfdiag.FromError(fmt.Sprintf("Could not %s API token %s", verb, m.Label(m.ID)), consequence, err, "name", "role")
}
