package rotatingtoken

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

// Update starts with the state, renames first, then rotates, then deletes, and saves
// after each step. The current token is never regenerated, and deleted only when its
// successor is in the state: wherever this stops, the secret in the state is valid.
func (r *Resource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var state, plan model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	memory, diags := tokenkit.LoadMemory(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	recipients, diags := tokenkit.RecipientsFor(ctx, plan.EncryptTo)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	adopts, diags := state.adopts(ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	change := decide(ctx, r.data.Client, &state, &plan, memory, adopts)
	resp.Diagnostics.Append(tokenkit.CheckLockout(r.data.Client, change.effects(&state, &plan)...)...)
	if resp.Diagnostics.HasError() {
		return
	}
	defer r.data.Process.Begin()()
	m := state
	save := func() {
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
		resp.Diagnostics.Append(m.identify(ctx, resp.Identity)...)
		resp.Diagnostics.Append(memory.Save(ctx, resp.Private)...)
	}

	m.VerifySecret = plan.VerifySecret
	if change.Updates {
		for _, id := range []types.String{state.PreviousTokenID, state.TokenID} {
			resp.Diagnostics.Append(r.rename(ctx, id, &plan, &memory)...)
			if resp.Diagnostics.HasError() {
				return
			}
		}
		m.Name, m.Role = plan.Name, plan.Role
		save()
	}
	if change.Issues {
		issued, diags := r.issue(ctx, m, &memory)
		resp.Diagnostics.Append(diags...)
		if diags.HasError() {
			return
		}
		if change.swaps {
			m.setPrevious(&state)
		}
		version := types.Int64Value(tokenkit.NextVersion(state.SecretVersion.ValueInt64()))
		diags = m.setCurrent(issued.token, version, recipients)
		resp.Diagnostics.Append(diags...)
		if diags.HasError() {
			save()
			return
		}
		m.RotationTrigger, m.EncryptTo = plan.RotationTrigger, plan.EncryptTo
		m.Schedule(plan.RotateAfterDays)
		resp.Diagnostics.Append(memory.Issued(m.Name, version, issued.regeneratedTwice)...)
		save()
		resp.Diagnostics.Append(memory.Created(ctx, r.data.Client, issued.token, issued.createdTwice, m.PreviousTokenID.ValueString())...)
	}
	diags = m.adopt(ctx, r.data.Client, req.Config, change.adopts, recipients)
	resp.Diagnostics.Append(diags...)
	if diags.HasError() {
		return
	}
	if change.drops {
		resp.Diagnostics.Append(r.delete(ctx, m.known(m.PreviousTokenID, memory))...)
		if resp.Diagnostics.HasError() {
			return
		}
		m.setNoPrevious()
	}
	m.RotationTrigger, m.KeepPrevious, m.EncryptTo = plan.RotationTrigger, plan.KeepPrevious, plan.EncryptTo
	m.Schedule(plan.RotateAfterDays)
	save()
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
		token, ambiguous, err := r.data.Client.RegenerateToken(ctx, m.known(m.PreviousTokenID, *memory))
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
	token, ambiguous, err := r.data.Client.CreateToken(ctx, settings)
	if err == nil {
		return issued{token: token, createdTwice: ambiguous}, memory.RememberStored(settings, token)
	}
	consequence := "The tokens in the state are as they were. " + triesAgain
	switch {
	case token.ID != "":
		consequence = fmt.Sprintf("Cloudfleet has created the token %s without telling its secret: delete it. ", token.ID) + consequence
	case cloudfleet.MayHaveActed(err):
		consequence = tokenkit.MayBeCreated + " " + consequence
	}
	return issued{}, tfdiag.FromError(
		fmt.Sprintf("Could not create the next API token of %q", m.Name.ValueString()),
		consequence,
		err,
		"name",
		"role",
	)
}

// settings returns name and role of the model. If one is null, because the two tokens
// differ and the configuration ignores it, it is the one of the token with this ID.
func (r *Resource) settings(ctx context.Context, id types.String, m *model) (cloudfleet.TokenSettings, error) {
	settings := m.Settings()
	if settings.Name != "" && settings.Role != "" || id.IsNull() {
		return settings, nil
	}
	token, err := r.data.Client.GetToken(ctx, id.ValueString())
	if settings.Name == "" {
		settings.Name = token.Name
	}
	if settings.Role == "" {
		settings.Role = token.Role
	}
	return settings, err
}

// rename updates name and role of a token. It does nothing if id is null.
func (r *Resource) rename(ctx context.Context, id types.String, plan *model, memory *tokenkit.Memory) diag.Diagnostics {
	if id.IsNull() {
		return nil
	}
	settings, err := r.settings(ctx, id, plan)
	if err == nil {
		var token cloudfleet.Token
		if token, err = r.data.Client.UpdateToken(ctx, id.ValueString(), settings); err == nil {
			return memory.RememberStored(settings, token)
		}
	}
	return failure("update", id.ValueString(), "No secret was changed. The next apply updates both tokens again.", err)
}

// delete deletes a token. It does nothing if the ID is empty.
func (r *Resource) delete(ctx context.Context, token cloudfleet.KnownToken) diag.Diagnostics {
	if token.ID == "" {
		return nil
	}
	err := r.data.Client.DeleteToken(ctx, token)
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

func createFailure(name types.String, tainted string, err error) diag.Diagnostics {
	var consequence string
	switch {
	case tainted != "":
		consequence = tokenkit.CreatedWithoutSecret(tainted)
	case cloudfleet.MayHaveActed(err):
		consequence = tokenkit.MayBeCreated
	}
	return tfdiag.FromError(fmt.Sprintf("Could not create API token %q", name.ValueString()), consequence, err, "name", "role")
}
