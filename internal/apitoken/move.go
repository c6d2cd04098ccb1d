package apitoken

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

var _ resource.ResourceWithMoveState = (*Resource)(nil)

// MoveState turns the current token of a cloudfleet_rotating_api_token into a
// cloudfleet_api_token, without a call of the API. A previous token is an error: nothing
// would manage it afterwards.
func (r *Resource) MoveState(context.Context) []resource.StateMover {
	return tokenkit.MoveFrom("rotating_api_token", moveFromRotating, "token_id", "previous_token_id")
}

func moveFromRotating(
	ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse,
) {
	var source struct {
		tokenkit.Model
		TokenID         types.String `tfsdk:"token_id"`
		PreviousTokenID types.String `tfsdk:"previous_token_id"`
	}
	resp.Diagnostics.Append(req.SourceState.Get(ctx, &source)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if !source.PreviousTokenID.IsNull() {
		resp.Diagnostics.AddError("A rotating API token with a previous token cannot be moved", fmt.Sprintf("%q has the previous token "+
			"%s, and cloudfleet_api_token is one token. Nothing was changed. Remove the moved block, set keep_previous = false in the resource "+
			"cloudfleet_rotating_api_token and apply: that deletes the previous token. Then add the moved block again.",
			source.Name.ValueString(), source.PreviousTokenID.ValueString()))
		return
	}
	m := model{Model: source.Model, ID: source.TokenID}
	resp.Diagnostics.Append(resp.TargetState.Set(ctx, &m)...)
	resp.Diagnostics.Append(identify(ctx, resp.TargetIdentity, m.ID)...)
}
