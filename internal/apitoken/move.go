package apitoken

import (
	"context"
	"fmt"

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

// IdentitySchema is shared by both token resources. This one has no previous token.
func (r *Resource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = tokenkit.IdentitySchema(
		"ID of the token, such as 2iKo4Asy51EUx2gpJFW76t.",
		"Not used. For moves from and to cloudfleet_rotating_api_token, which has the same identity.",
	)
}

// identify sets the identity of the token with this ID. CLIs without support for
// identities send none, but the framework requires one from every successful call, even
// from a Read that finds nothing.
func identify(ctx context.Context, identity *tfsdk.ResourceIdentity, id types.String) diag.Diagnostics {
	return identity.Set(ctx, tokenkit.Identity{ID: id})
}

// ImportState takes the token's ID, as an import ID or as an identity. Read does the
// rest. The secret cannot be read.
func (r *Resource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id, identity, diags := tokenkit.Imported(ctx, req)
	resp.Diagnostics.Append(diags...)
	attribute := ""
	if identity != nil {
		id, attribute = identity.ID.ValueString(), "id"
	}
	if err := cloudfleet.CheckTokenID(id); err != nil {
		resp.Diagnostics.Append(tokenkit.InvalidImport(err, "The import ID is the ID of the token.", attribute))
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), id)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("secret_version"), types.Int64Value(0))...)
}

// MoveState turns the current token of a cloudfleet_rotating_api_token into a
// cloudfleet_api_token, without a call of the API. A previous token is an error: nothing
// would manage it afterwards.
func (r *Resource) MoveState(context.Context) []resource.StateMover {
	return tokenkit.Movers(typeName, "cloudfleet_rotating_api_token", moveFromRotating,
		func(ctx context.Context, state tfsdk.State, identity *tfsdk.ResourceIdentity) diag.Diagnostics {
			var id types.String
			diags := state.GetAttribute(ctx, path.Root("id"), &id)
			return append(diags, identify(ctx, identity, id)...)
		}, "token_id", "previous_token_id")
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
		resp.Diagnostics.AddError("A rotating API token with a previous token cannot be moved", fmt.Sprintf("%s has the previous token "+
			"%s, and cloudfleet_api_token is one token. Nothing was changed. Remove the moved block, set keep_previous = false in the resource "+
			"cloudfleet_rotating_api_token and apply: that deletes the previous token. Then add the moved block again.",
			source.Label(source.TokenID), source.PreviousTokenID.ValueString()))
		return
	}
	m := model{Model: source.Model, ID: source.TokenID}
	resp.Diagnostics.Append(resp.TargetState.Set(ctx, &m)...)
	resp.Diagnostics.Append(identify(ctx, resp.TargetIdentity, m.ID)...)
}
