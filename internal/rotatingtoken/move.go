package rotatingtoken

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

var _ resource.ResourceWithMoveState = (*Resource)(nil)

// MoveState turns a cloudfleet_api_token into the current token of a pair that has no
// previous one yet, without a call of the API. Clients that use the token are not
// affected.
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
