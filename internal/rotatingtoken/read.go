package rotatingtoken

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

// Read removes a token that is gone from the state, and the resource if both are.
func (r *Resource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	if resp.Deferred = r.Deferred(req.ClientCapabilities.DeferralAllowed); resp.Deferred != nil {
		return
	}
	var m model
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	memory, diags := tokenkit.LoadMemory(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(m.checkOurs()...)
	if resp.Diagnostics.HasError() {
		return
	}
	// The framework requires an identity even if the resource is gone, and older CLIs
	// send none.
	resp.Diagnostics.Append(m.identify(ctx, resp.Identity)...)
	imported, before, remembered := m.KeepPrevious.IsNull(), m.readable(), memory
	found, diags := r.find(ctx, &m, memory)
	if resp.Diagnostics.Append(diags...); diags.HasError() {
		return
	}
	if len(found) == 0 {
		resp.State.RemoveResource(ctx)
		return
	}
	settings := m.Settings()
	for i := range found {
		if spelling := memory.Unspell(&found[i], settings); i == 0 {
			resp.Diagnostics.Append(spelling...)
		}
	}
	m.setSettings(found...)
	if len(found) == 2 && (m.Name.IsNull() || m.Role.IsNull()) {
		resp.Diagnostics.AddWarning(
			"The two API tokens of a rotating one differ",
			fmt.Sprintf("%s is named %q with the role %s, and %s is named %q with the role %s. The next apply sets both to the "+
				"configuration.",
				found[0].ID, found[0].Name, found[0].Role, found[1].ID, found[1].Name, found[1].Role),
		)
	}
	if imported {
		m.KeepPrevious = types.BoolValue(true)
	}
	resp.Diagnostics.Append(r.Refreshed(ctx, &m.Model, &memory, found[0])...)
	if imported || m.readable() != before {
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
		resp.Diagnostics.Append(m.identify(ctx, resp.Identity)...)
	}
	if memory != remembered {
		resp.Diagnostics.Append(memory.Save(ctx, resp.Private)...)
	}
}

// find returns the tokens of the pair that exist, the current one first, and removes the
// others from the model.
func (r *Resource) find(ctx context.Context, m *model, memory tokenkit.Memory) (found []cloudfleet.Token, diags diag.Diagnostics) {
	imported, known := m.KeepPrevious.IsNull(), *m
	for _, slot := range []struct {
		id     types.String
		forget func()
	}{{m.TokenID, m.setNoCurrent}, {m.PreviousTokenID, m.setNoPrevious}} {
		if slot.id.IsNull() {
			continue
		}
		token, err := r.Data.Client.GetTokenBatched(ctx, memory.Known(slot.id, &known.Model))
		switch {
		case err == nil:
			found = append(found, token)
		case cloudfleet.IsNotFound(err) && !imported:
			slot.forget()
		default:
			if missing := tokenkit.NotImported(slot.id, err); imported && missing != nil {
				return nil, missing
			}
			return nil, failure("read", slot.id.ValueString(), "", err)
		}
	}
	return found, nil
}
