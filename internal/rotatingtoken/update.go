package rotatingtoken

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/secret"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

// Update starts with the state, renames first, then rotates, then deletes, and saves
// after each step. The current token is never regenerated, and deleted only when its
// successor is in the state: wherever this stops, the secret in the state is valid.
func (r *Resource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m, plan model
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	memory, diags := tokenkit.LoadMemory(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	recipients, diags := secret.Parse(ctx, plan.EncryptTo)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(m.checkOurs()...)
	if resp.Diagnostics.HasError() {
		return
	}
	change := decide(ctx, r.Data.Client, &m, &plan, memory)
	resp.Diagnostics.Append(tokenkit.CheckLockout(r.Data.Client, change.effects(&m, &plan)...)...)
	if resp.Diagnostics.HasError() {
		return
	}
	defer r.Data.Process.Begin()()
	save := func() {
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
		resp.Diagnostics.Append(m.identify(ctx, resp.Identity)...)
		resp.Diagnostics.Append(memory.Save(ctx, resp.Private)...)
	}
	if change.Updates {
		if resp.Diagnostics.Append(r.rename(ctx, &m, &plan, &memory)...); resp.Diagnostics.HasError() {
			return
		}
		save()
	}
	if change.Adopts {
		stored, diags := secret.Adopt(ctx, r.Data.Client, req.Config, m.TokenID.ValueString(), recipients)
		if resp.Diagnostics.Append(diags...); diags.HasError() {
			return
		}
		m.Adopted(&memory, stored, &plan.Model)
		save()
	}
	if change.Issues {
		resp.Diagnostics.Append(r.rotate(ctx, &m, &plan, &memory, recipients, save)...)
		if resp.Diagnostics.HasError() {
			return
		}
	}
	if change.drops {
		resp.Diagnostics.Append(r.delete(ctx, memory.Known(m.PreviousTokenID, &m.Model))...)
		if resp.Diagnostics.HasError() {
			return
		}
		m.setNoPrevious()
	}
	m.KeepPrevious = plan.KeepPrevious
	m.SetConfigured(&plan.Model, &memory)
	save()
}

// rotate issues the next current secret. The token that was current becomes the previous
// one or, if it is gone, the previous one stays.
func (r *Resource) rotate(
	ctx context.Context, m, plan *model, memory *tokenkit.Memory, recipients secret.Recipients, save func(),
) diag.Diagnostics {
	issued, diags := r.issue(ctx, *m, memory)
	if diags.HasError() {
		return diags
	}
	if !m.TokenID.IsNull() {
		m.setPrevious(m.TokenID, m.Stored)
	}
	m.TokenID = types.StringValue(issued.token.ID)
	diags.Append(m.Issued(memory, issued.token, recipients, issued.regeneratedTwice)...)
	if diags.HasError() {
		save()
		return diags
	}
	m.SetConfigured(&plan.Model, memory)
	save()
	return append(diags, tokenkit.WarnOfLeftovers(ctx, r.Data.Client, issued.token, issued.createdTwice, m.PreviousTokenID.ValueString())...)
}

// issued is a token with a new secret.
type issued struct {
	token cloudfleet.Token
	// createdTwice and regeneratedTwice: the first answer was lost, and the request was
	// sent again.
	createdTwice     time.Duration
	regeneratedTwice bool
}

// issue issues the next current secret: for the previous token, unless that is the only
// valid one, or else for a new token.
func (r *Resource) issue(ctx context.Context, m model, memory *tokenkit.Memory) (issued, diag.Diagnostics) {
	if !m.TokenID.IsNull() && !m.PreviousTokenID.IsNull() {
		token, ambiguous, err := r.Data.Client.RegenerateToken(ctx, memory.Known(m.PreviousTokenID, &m.Model))
		if err == nil {
			return issued{token: token, regeneratedTwice: ambiguous}, nil
		}
		if !cloudfleet.IsNotFound(err) {
			consequence := "The current secret is untouched. " + triesAgain
			if cloudfleet.MayHaveActed(err) {
				consequence = "The previous secret may be revoked already. " + consequence
			}
			return issued{}, failure("regenerate the secret of", m.PreviousTokenID.ValueString(), consequence, err)
		}
	}
	settings, err := r.settings(ctx, m.TokenID, &m)
	if err != nil {
		return issued{}, failure("read", m.TokenID.ValueString(), triesAgain, err)
	}
	token, ambiguous, err := r.Data.Client.CreateToken(ctx, settings)
	if err != nil {
		return issued{}, notCreated(settings.Name, err)
	}
	if lost := r.DeleteIfLost(ctx, token.ID); lost != nil {
		return issued{}, lost
	}
	return issued{token: token, createdTwice: ambiguous}, memory.RememberStored(settings, token)
}

// notCreated is the error of a rotation that could not create the next token.
func notCreated(name string, err error) diag.Diagnostics {
	consequence := "The tokens in the state are as they were. " + triesAgain
	silent, isSilent := errors.AsType[cloudfleet.NoSecretError](err)
	switch {
	case isSilent:
		consequence = fmt.Sprintf("Cloudfleet has created the token %s without returning its secret: delete it. ", silent.ID) + consequence
	case cloudfleet.MayHaveActed(err):
		consequence = tokenkit.MayBeCreated + " " + consequence
	}
	return tfdiag.FromError(fmt.Sprintf("Could not create the next API token of %q", name), consequence, err, "name", "role")
}

// settings returns name and role of the model. If one is null, because the two tokens
// differ and the configuration ignores it, it is the one of the token with this ID.
func (r *Resource) settings(ctx context.Context, id types.String, m *model) (cloudfleet.TokenSettings, error) {
	settings := m.Settings()
	if settings.Name != "" && settings.Role != "" || id.IsNull() {
		return settings, nil
	}
	token, err := r.Data.Client.GetToken(ctx, id.ValueString())
	if settings.Name == "" {
		settings.Name = token.Name
	}
	if settings.Role == "" {
		settings.Role = token.Role
	}
	return settings, err
}

// rename updates name and role of both tokens.
func (r *Resource) rename(ctx context.Context, m, plan *model, memory *tokenkit.Memory) (diags diag.Diagnostics) {
	for _, id := range []types.String{m.PreviousTokenID, m.TokenID} {
		if id.IsNull() {
			continue
		}
		settings, err := r.settings(ctx, id, plan)
		var token cloudfleet.Token
		if err == nil {
			token, err = r.Data.Client.UpdateToken(ctx, id.ValueString(), settings)
		}
		if err != nil {
			return append(diags, failure("update", id.ValueString(), "No secret was changed. The next apply updates both tokens again.", err)...)
		}
		diags.Append(memory.RememberStored(settings, token)...)
	}
	m.Name, m.Role = plan.Name, plan.Role
	return diags
}

// delete deletes a token. It does nothing if the ID is empty.
func (r *Resource) delete(ctx context.Context, token cloudfleet.KnownToken) diag.Diagnostics {
	if token.ID == "" {
		return nil
	}
	err := r.Data.Client.DeleteToken(ctx, token)
	if err != nil && !cloudfleet.IsNotFound(err) {
		return failure("delete", token.ID, "It stays in the state. The next apply deletes it.", err)
	}
	return nil
}

const triesAgain = "The next apply tries again."

// failure returns an error that names the token.
func failure(verb, id, consequence string, err error) diag.Diagnostics {
	return tfdiag.FromError(fmt.Sprintf("Could not %s API token %s", verb, id), consequence, err, "name", "role")
}
