package apitoken

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

// Read removes the resource from the state if the token is gone.
func (r *Resource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	if resp.Deferred = r.Deferred(req.ClientCapabilities.DeferralAllowed); resp.Deferred != nil {
		return
	}
	var m model
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	memory, diags := tokenkit.LoadMemory(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(tokenkit.CheckOurs(typeName, &m.Model, m.ID)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(identify(ctx, resp.Identity, m.ID)...)
	imported, before, remembered := m.Name.IsNull(), m.readable(), memory
	token, err := r.Data.Client.GetTokenBatched(ctx, memory.Known(m.ID, &m.Model))
	if missing := tokenkit.NotImported(m.ID, err); imported && missing != nil {
		resp.Diagnostics.Append(missing...)
		return
	}
	if cloudfleet.IsNotFound(err) {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.Append(failure("read", &m, "", err)...)
		return
	}
	resp.Diagnostics.Append(memory.Unspell(&token, m.Settings())...)
	m.setToken(token)
	resp.Diagnostics.Append(r.Refreshed(ctx, &m.Model, &memory, token)...)
	if m.readable() != before {
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	}
	if memory != remembered {
		resp.Diagnostics.Append(memory.Save(ctx, resp.Private)...)
	}
}

// readable returns what a Read may change. Setting a state that is the same takes time.
func (m *model) readable() [5]types.String {
	return [...]types.String{m.Name, m.Role, m.CreatedAt, m.SecretIssuedAt, m.RotationDue}
}
