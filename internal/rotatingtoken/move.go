package rotatingtoken

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

var _ resource.ResourceWithMoveState = (*Resource)(nil)

// MoveState makes a cloudfleet_api_token the current token of a pair that has no
// previous one yet. It calls nothing, and the token's users notice nothing.
func (r *Resource) MoveState(context.Context) []resource.StateMover {
	return tokenkit.MoveFrom("api_token", moveFromAPIToken, "id")
}

func moveFromAPIToken(
	ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse,
) {
	var source struct {
		tokenkit.Model
		ID types.String `tfsdk:"id"`
	}
	resp.Diagnostics.Append(req.SourceState.Get(ctx, &source)...)
	m := newModel(source.Model, source.ID)
	resp.Diagnostics.Append(resp.TargetState.Set(ctx, m)...)
	resp.Diagnostics.Append(m.identify(ctx, resp.TargetIdentity)...)
}
