package tokenkit

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Identity identifies a token resource. The organization follows from the credentials, as
// in every call of the API.
//
// Both resources have the same identity with the same version: OpenTofu keeps the
// identity when a `moved` block changes the type.
type Identity struct {
	ID         types.String `tfsdk:"id"`
	PreviousID types.String `tfsdk:"previous_id"`
}

const identityVersion = 1

// IdentitySchema returns the schema of an Identity with these descriptions.
func IdentitySchema(id, previousID string) identityschema.Schema {
	return identityschema.Schema{
		Version: identityVersion,
		Attributes: map[string]identityschema.Attribute{
			"id":          identityschema.StringAttribute{RequiredForImport: true, Description: id},
			"previous_id": identityschema.StringAttribute{OptionalForImport: true, Description: previousID},
		},
	}
}

// UpgradeIdentity reads identities of version 0, in which each resource had its own names
// for the IDs.
func UpgradeIdentity() map[int64]resource.IdentityUpgrader {
	return map[int64]resource.IdentityUpgrader{0: {
		IdentityUpgrader: func(ctx context.Context, req resource.UpgradeIdentityRequest, resp *resource.UpgradeIdentityResponse) {
			var before struct {
				ID              *string `json:"id"`
				TokenID         *string `json:"token_id"`
				PreviousTokenID *string `json:"previous_token_id"`
			}
			if err := json.Unmarshal(req.RawIdentity.JSON, &before); err != nil {
				resp.Diagnostics.AddError("Could not read the identity in the state", err.Error())
				return
			}
			after := Identity{types.StringPointerValue(before.ID), types.StringPointerValue(before.PreviousTokenID)}
			if before.TokenID != nil {
				after.ID = types.StringPointerValue(before.TokenID)
			}
			resp.Diagnostics.Append(resp.Identity.Set(ctx, after)...)
		},
	}}
}
