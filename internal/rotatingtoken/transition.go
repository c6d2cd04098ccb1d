package rotatingtoken

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/secret"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

// transition is what an apply does to the two tokens: decided once from state and plan,
// and used by the plan, the lock-out guard, the warnings and the update.
type transition struct {
	// Change says whether there will be a new current secret.
	tokenkit.Change
	// swaps: the current token becomes the previous one. If the current token is gone, it
	// is created again instead, whatever the trigger is: the previous one is then the
	// only valid one.
	swaps bool
	// drops: keep_previous is known to be false. mayDrop: it is unknown.
	drops, mayDrop bool
	// exposes: encrypt_to is new, and the previous secret stays in plain text.
	exposes bool
}

func decide(ctx context.Context, client *cloudfleet.Client, state, plan *model, memory tokenkit.Memory) transition {
	hasCurrent := !state.TokenID.IsNull()
	t := transition{
		Change: tokenkit.Decide(ctx, client, state.TokenID, &state.Model, &plan.Model, memory),
		drops:  !plan.KeepPrevious.IsUnknown() && !plan.KeepPrevious.ValueBool(), mayDrop: plan.KeepPrevious.IsUnknown(),
	}
	t.swaps = hasCurrent && t.Issues
	t.Adopts = hasCurrent && t.Adopts
	t.Issues, t.IssuesIsKnown = t.Issues || !hasCurrent, t.IssuesIsKnown || !hasCurrent
	t.exposes = t.swaps && !t.drops && state.EncryptTo.IsNull() && !plan.EncryptTo.IsNull() && !t.Adopts
	return t
}

// regenerated and deleted return the ID of the token whose secret the apply revokes, and
// whether that is certain: a swap regenerates the previous one, and keep_previous = false
// deletes the one that would be the previous.
func (t transition) regenerated(state *model) (id types.String, certain bool) {
	if t.swaps {
		return state.PreviousTokenID, t.IssuesIsKnown
	}
	return types.StringNull(), true
}

func (t transition) deleted(state *model) (id types.String, certain bool) {
	switch {
	case !t.drops && !t.mayDrop:
		return types.StringNull(), true
	case t.swaps:
		return state.TokenID, t.IssuesIsKnown && t.drops
	}
	return state.PreviousTokenID, t.drops
}

// effects are what the lock-out guard checks: what is certain.
func (t transition) effects(state, plan *model) (effects []tokenkit.Effect) {
	if id, certain := t.regenerated(state); certain {
		effects = append(effects, tokenkit.Effect{ID: id, Name: state.Name, Regenerates: true, Alternative: ", such as the current one of " +
			"this pair, which is in the state as token_id and secret"})
	}
	if id, certain := t.deleted(state); certain {
		effects = append(effects, tokenkit.Effect{ID: id, Name: state.Name, Deletes: true, Alternative: ", or set keep_previous = true"})
	}
	if t.Updates {
		for _, id := range []types.String{state.TokenID, state.PreviousTokenID} {
			effects = append(effects, tokenkit.Effect{ID: id, Name: state.Name, Role: plan.Role})
		}
	}
	return effects
}

// warnings say in a plan whose access ends.
func (t transition) warnings(state *model) (diags diag.Diagnostics) {
	revoked := map[bool][]string{} // by whether that is certain
	if regenerated, certain := t.regenerated(state); !regenerated.IsNull() {
		revoked[certain] = append(revoked[certain], "the previous secret, of token "+regenerated.ValueString())
	}
	if deleted, certain := t.deleted(state); !deleted.IsNull() {
		slot := "the previous secret"
		if t.swaps {
			slot = "the current secret"
		}
		revoked[certain] = append(revoked[certain],
			fmt.Sprintf("%s, of token %s, which is deleted (keep_previous = false)", slot, deleted.ValueString()))
	}
	for _, certain := range []bool{true, false} {
		diags.Append(tokenkit.WarnOfRevocation(state.Label(state.TokenID), certain, revoked[certain]...)...)
	}
	if t.exposes && !state.Secret.IsNull() {
		diags.AddWarning(
			"The previous secret stays in the state in plain text",
			"encrypt_to takes effect with the new secret. The secret that is "+
				"current now becomes previous_secret, and stays in the state in plain text until the next rotation. To remove it with this apply, "+
				"set keep_previous = false: that revokes it, too.",
		)
	}
	return diags
}

// planUnknowns completes a plan. The ID of the next current token is unknown even if it
// is likely to be that of the previous one: if that is deleted before the apply, a token
// is created.
func (t transition) planUnknowns(ctx context.Context, state, plan *model) {
	current := state.Stored
	if t.Adopts {
		plan.PlanSecret(ctx, t.StoresASecret())
		current = plan.Stored
	}
	if t.Issues {
		plan.TokenID = types.StringUnknown()
		plan.PlanSecret(ctx, t.StoresASecret())
	}
	keepIsUnknown := plan.KeepPrevious.IsUnknown() && (t.swaps || !state.PreviousTokenID.IsNull())
	switch {
	case t.drops:
		plan.setNoPrevious()
	case t.swaps && !t.IssuesIsKnown, keepIsUnknown:
		plan.setPrevious(types.StringUnknown(), secret.Unknown())
	case t.swaps:
		plan.setPrevious(state.TokenID, current)
	}
}
