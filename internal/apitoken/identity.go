package apitoken

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

var (
	_ resource.ResourceWithIdentity        = (*Resource)(nil)
	_ resource.ResourceWithUpgradeIdentity = (*Resource)(nil)
	_ resource.ResourceWithImportState     = (*Resource)(nil)
)

// IdentitySchema is shared by both token resources. This one has no previous token.
func (r *Resource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = tokenkit.IdentitySchema(
		"ID of the token, such as 2iKo4Asy51EUx2gpJFW76t.",
		"Not used. For moves from and to cloudfleet_rotating_api_token, which has the same identity.",
	)
}

// UpgradeIdentity reads identities of earlier versions.
func (r *Resource) UpgradeIdentity(context.Context) map[int64]resource.IdentityUpgrader {
	return tokenkit.UpgradeIdentity()
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
	id, byIdentity := types.StringValue(req.ID), req.ID == "" && req.Identity != nil && !req.Identity.Raw.IsNull()
	if byIdentity {
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root("id"), &id)...)
	}
	if err := cloudfleet.CheckTokenID(id.ValueString()); err != nil {
		if byIdentity {
			resp.Diagnostics.Append(tokenkit.InvalidIdentity(err, "id"))
		} else {
			resp.Diagnostics.Append(tokenkit.InvalidImportID(err, "The import ID is the ID of the token."))
		}
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), id)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("secret_version"), types.Int64Value(0))...)
}
