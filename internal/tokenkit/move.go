package tokenkit

import (
	"context"
	"errors"
	"net/http"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

// Identity identifies a token resource. The organization follows from the credentials, as
// in every call of the API.
//
// Both resources have the same identity with the same version: OpenTofu keeps the
// identity when a `moved` block changes the type. The version stays 0: a CLI that finds
// no identity in a state, because an older one wrote it, would ask to upgrade nothing.
type Identity struct {
	ID         types.String `tfsdk:"id"`
	PreviousID types.String `tfsdk:"previous_id"`
}

// IdentitySchema returns the schema of an Identity with these descriptions.
func IdentitySchema(id, previousID string) identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"id":          identityschema.StringAttribute{RequiredForImport: true, Description: id},
		"previous_id": identityschema.StringAttribute{OptionalForImport: true, Description: previousID},
	}}
}

// Imported returns what an import is given: the import ID or, if that is empty, the
// identity.
func Imported(ctx context.Context, req resource.ImportStateRequest) (id string, identity *Identity, diags diag.Diagnostics) {
	if req.ID != "" || req.Identity == nil || req.Identity.Raw.IsNull() {
		return req.ID, nil, nil
	}
	identity = &Identity{}
	diags = req.Identity.Get(ctx, identity)
	return "", identity, diags
}

const findsID = " The ID is in the Cloudfleet Console under API tokens, and the data source cloudfleet_api_tokens finds it by name."

// InvalidImport is the error for an import with an invalid ID. form describes a valid
// import ID. attribute is the one of the identity with that ID, or empty.
func InvalidImport(err error, form, attribute string) diag.Diagnostic {
	if attribute == "" {
		return diag.NewErrorDiagnostic("Invalid import ID", tfdiag.Sentence(err)+" "+form+findsID)
	}
	return diag.NewAttributeErrorDiagnostic(path.Root(attribute), "Invalid identity", "In the identity, "+attribute+" is wrong: "+
		tfdiag.Sentence(err)+findsID)
}

// NotImported returns the error for the import of a token that does not exist, nil if the
// read failed for another reason.
func NotImported(id types.String, err error) diag.Diagnostics {
	e, ok := errors.AsType[*cloudfleet.Error](err)
	if !cloudfleet.IsNotFound(err) && (!ok || e.StatusCode != http.StatusGone) {
		return nil
	}
	return diag.Diagnostics{
		diag.NewErrorDiagnostic("Cannot import API token "+id.ValueString(), "There is no token with this ID in the organization of the "+
			"provider's access token. Nothing was imported. "+tfdiag.Sentence(err)+findsID),
	}
}

// Movers returns the state movers of a resource: one from the resource of this provider
// whose type is from, and one from its own type, typeName, at another provider address.
// ids are the attributes of the other resource beside those of Model, all strings.
func Movers(
	typeName, from string,
	move func(context.Context, resource.MoveStateRequest, *resource.MoveStateResponse),
	identify func(context.Context, tfsdk.State, *tfsdk.ResourceIdentity) diag.Diagnostics,
	ids ...string,
) []resource.StateMover {
	source := schema.Schema{Attributes: Attributes("", "")}
	for _, id := range ids {
		source.Attributes[id] = schema.StringAttribute{Computed: true}
	}
	return []resource.StateMover{
		providerdata.MoverFromElsewhere(typeName, identify),
		{SourceSchema: &source, StateMover: func(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
			if req.SourceTypeName != from || !providerdata.IsOurs(req.SourceProviderAddress) {
				return
			}
			if req.SourceState == nil { // the framework could not read it
				resp.Diagnostics.AddError("Could not read the state of the moved resource", "Another version of the provider has written "+
					"it. Nothing was changed. Remove the moved block and apply, which updates the state. Then add the moved block again.")
				return
			}
			memory, diags := LoadMemory(ctx, req.SourcePrivate)
			resp.Diagnostics.Append(diags...)
			move(ctx, req, resp)
			if !resp.Diagnostics.HasError() {
				resp.Diagnostics.Append(memory.Save(ctx, resp.TargetPrivate)...)
			}
		}},
	}
}
