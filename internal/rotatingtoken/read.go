package rotatingtoken

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

// Read removes a token that is gone from the state, and the resource if both are.
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
	// The framework requires an identity even if the resource is gone, and older CLIs
	// send none.
	resp.Diagnostics.Append(m.identify(ctx, resp.Identity)...)
	imported := m.KeepPrevious.IsNull()
	known := m
	var found []cloudfleet.Token
	for _, slot := range []struct {
		id     types.String
		forget func()
	}{{m.TokenID, m.setNoCurrent}, {m.PreviousTokenID, m.setNoPrevious}} {
		if slot.id.IsNull() {
			continue
		}
		token, err := r.data.Client.GetTokenBatched(ctx, known.known(slot.id, memory))
		switch {
		case err == nil:
			found = append(found, token)
		case cloudfleet.IsNotFound(err) && !imported:
			slot.forget()
		default:
			diags := failure("read", slot.id.ValueString(), "", err)
			if missing := tokenkit.NotImported(slot.id.ValueString(), err); imported && missing != nil {
				diags = missing
			}
			resp.Diagnostics.Append(diags...)
			return
		}
	}
	if len(found) == 0 {
		resp.State.RemoveResource(ctx)
		return
	}
	for i := range found {
		if spelling := memory.Unspell(&found[i]); i == 0 {
			resp.Diagnostics.Append(spelling...)
		}
	}
	if m.setSettings(found...); m.Name.IsNull() || m.Role.IsNull() {
		resp.Diagnostics.AddWarning(
			"The two API tokens of a rotating one differ",
			fmt.Sprintf("%s is named %q with the role %s, and %s is named %q with the role %s. The next apply sets both to the "+
				"configuration.",
				found[0].ID, found[0].Name, found[0].Role, found[1].ID, found[1].Name, found[1].Role),
		)
	}
	remembered := memory
	if imported {
		memory.Imported = time.Now()
		m.KeepPrevious = types.BoolValue(true)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	resp.Diagnostics.Append(m.identify(ctx, resp.Identity)...)

	memory.SeenIn(ctx, r.data.Client)
	memory.SetAge(m.SecretIssuedAt)
	resp.Diagnostics.Append(memory.CheckLeftovers(ctx, r.data.Client, found[0], m.PreviousTokenID.ValueString())...)
	resp.Diagnostics.Append(memory.Verify(ctx, r.data.Client, tokenkit.Secret{
		TokenID: m.TokenID, Name: m.Name, Secret: m.Secret, Version: m.SecretVersion, IssuedAt: m.SecretIssuedAt, Verify: m.VerifySecret,
	})...)
	if memory != remembered {
		resp.Diagnostics.Append(memory.Save(ctx, resp.Private)...)
	}
}
