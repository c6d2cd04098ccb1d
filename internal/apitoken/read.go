package apitoken

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

// Read removes the resource from the state if the token is gone.
func (r *Resource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	if tfdiag.Defers(r.client(), req.ClientCapabilities.DeferralAllowed) {
		resp.Deferred = &resource.Deferred{Reason: resource.DeferredReasonProviderConfigUnknown}
		return
	}
	var m model
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	memory, diags := tokenkit.LoadMemory(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.data.Saw(m.SecretVersion)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, m.ID)...)
	imported := m.Name.IsNull()
	token, err := r.data.Client.GetTokenBatched(ctx, m.known(memory))
	if missing := tokenkit.NotImported(m.ID.ValueString(), err); imported && missing != nil {
		resp.Diagnostics.Append(missing...)
		return
	}
	if cloudfleet.IsNotFound(err) {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.Append(failure("read", m, "", err)...)
		return
	}
	remembered := memory
	if imported {
		memory.Imported = time.Now()
	}
	resp.Diagnostics.Append(memory.Unspell(&token)...)
	m.setToken(token)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	memory.SeenIn(ctx, r.data.Client)
	memory.SetAge(m.SecretIssuedAt)
	resp.Diagnostics.Append(memory.CheckLeftovers(ctx, r.data.Client, token)...)
	resp.Diagnostics.Append(memory.Verify(ctx, r.data.Client, tokenkit.Secret{
		TokenID: m.ID, Name: m.Name, Secret: m.Secret, Version: m.SecretVersion, IssuedAt: m.SecretIssuedAt, Verify: m.VerifySecret,
	})...)
	if memory != remembered {
		resp.Diagnostics.Append(memory.Save(ctx, resp.Private)...)
	}
}
