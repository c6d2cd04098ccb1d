package rotatingtoken

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

var (
	_ resource.ResourceWithIdentity    = (*Resource)(nil)
	_ resource.ResourceWithImportState = (*Resource)(nil)
	_ resource.ResourceWithMoveState   = (*Resource)(nil)
)

// IdentitySchema has the IDs of both tokens: Cloudfleet does not know that they belong
// together.
func (r *Resource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = tokenkit.IdentitySchema("ID of the current token.", "ID of the previous token, if there is one.")
}

func (m *model) identify(ctx context.Context, identity *tfsdk.ResourceIdentity) diag.Diagnostics {
	return identity.Set(ctx, tokenkit.Identity{ID: m.TokenID, PreviousID: m.PreviousTokenID})
}

// ImportState takes the ID of the current token, or CURRENT,PREVIOUS, or both as an
// identity. The secrets cannot be read.
func (r *Resource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id, ids, diags := tokenkit.Imported(ctx, req)
	resp.Diagnostics.Append(diags...)
	byID := ids == nil
	if byID {
		current, previous, two := strings.Cut(id, ",")
		ids = &tokenkit.Identity{ID: types.StringValue(current)}
		if two {
			ids.PreviousID = types.StringValue(previous)
		}
	}
	if attribute, err := checkIDs(*ids); err != nil {
		if byID {
			attribute = ""
		}
		resp.Diagnostics.Append(tokenkit.InvalidImport(err, "The import ID is the ID of the current token, or those of the current and the "+
			"previous token with a comma between them: CURRENT,PREVIOUS.", attribute))
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("token_id"), ids.ID)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("previous_token_id"), ids.PreviousID)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("secret_version"), types.Int64Value(0))...)
}

// checkIDs returns what is wrong with the IDs of an import, and which one.
func checkIDs(ids tokenkit.Identity) (attribute string, err error) {
	if err := cloudfleet.CheckTokenID(ids.ID.ValueString()); err != nil || ids.PreviousID.IsNull() {
		return "id", err
	}
	if ids.ID.Equal(ids.PreviousID) {
		return "previous_id", fmt.Errorf("%q is given twice", ids.ID.ValueString())
	}
	return "previous_id", cloudfleet.CheckTokenID(ids.PreviousID.ValueString())
}

// MoveState turns a cloudfleet_api_token into the current token of a pair that has no
// previous one yet, without a call of the API. Clients that use the token are not
// affected.
func (r *Resource) MoveState(context.Context) []resource.StateMover {
	return tokenkit.Movers(typeName, "cloudfleet_api_token", moveFromAPIToken,
		func(ctx context.Context, state tfsdk.State, identity *tfsdk.ResourceIdentity) diag.Diagnostics {
			var m model
			diags := state.Get(ctx, &m)
			return append(diags, m.identify(ctx, identity)...)
		}, "id")
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
