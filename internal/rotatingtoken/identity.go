package rotatingtoken

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

var (
	_ resource.ResourceWithIdentity    = (*Resource)(nil)
	_ resource.ResourceWithImportState = (*Resource)(nil)
)

type identityModel struct {
	TokenID         types.String `tfsdk:"token_id"`
	PreviousTokenID types.String `tfsdk:"previous_token_id"`
}

// IdentitySchema is the IDs of both tokens: Cloudfleet knows of no pair.
func (r *Resource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"token_id":          identityschema.StringAttribute{RequiredForImport: true, Description: "ID of the current token."},
			"previous_token_id": identityschema.StringAttribute{OptionalForImport: true, Description: "ID of the previous token, if there is one."},
		},
	}
}

func (m *model) identify(ctx context.Context, identity *tfsdk.ResourceIdentity) diag.Diagnostics {
	return identity.Set(ctx, identityModel{m.TokenID, m.PreviousTokenID})
}

// ImportState takes the ID of the current token, or CURRENT,PREVIOUS, or both as an
// identity. The secrets cannot be had.
func (r *Resource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var ids identityModel
	if req.ID == "" {
		resp.Diagnostics.Append(req.Identity.Get(ctx, &ids)...)
	} else {
		current, previous, two := strings.Cut(req.ID, ",")
		ids.TokenID = types.StringValue(current)
		if two {
			ids.PreviousTokenID = types.StringValue(previous)
		}
	}
	if err := ids.check(); err != nil {
		resp.Diagnostics.AddError("Invalid import ID", tfdiag.Sentence(err)+" The import ID is that of the current token, or those of "+
			"the current and the previous one with a comma between: CURRENT,PREVIOUS.")
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("token_id"), ids.TokenID)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("previous_token_id"), ids.PreviousTokenID)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("secret_version"), types.Int64Value(0))...)
}

func (i identityModel) check() error {
	if err := cloudfleet.CheckTokenID(i.TokenID.ValueString()); err != nil || i.PreviousTokenID.IsNull() {
		return err
	}
	if i.TokenID.Equal(i.PreviousTokenID) {
		return fmt.Errorf("%q is given twice", i.TokenID.ValueString())
	}
	return cloudfleet.CheckTokenID(i.PreviousTokenID.ValueString())
}
