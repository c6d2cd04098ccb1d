package providerdata

import (
	"context"
	"path"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// IsOurs reports whether a provider address is one of this provider. OpenTofu and private
// registries have other hosts and namespaces, and some CLIs send only the name.
func IsOurs(address string) bool { return path.Base(address) == "cloudfleet" }

// MoverFromElsewhere passes on the state of a resource that keeps its type and moves to
// another provider address, such as that of a private registry. identify sets the
// identity of a state.
func MoverFromElsewhere(
	typeName string, identify func(context.Context, tfsdk.State, *tfsdk.ResourceIdentity) diag.Diagnostics,
) resource.StateMover {
	return resource.StateMover{StateMover: func(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
		if req.SourceTypeName != typeName || !IsOurs(req.SourceProviderAddress) || req.SourceRawState == nil {
			return
		}
		value, err := req.SourceRawState.UnmarshalWithOpts(resp.TargetState.Schema.Type().TerraformType(ctx),
			tfprotov6.UnmarshalOpts{ValueFromJSONOpts: tftypes.ValueFromJSONOpts{IgnoreUndefinedAttributes: true}})
		if err != nil {
			resp.Diagnostics.AddError("Could not read the state of the moved resource", "Another version of the provider has written it: "+
				err.Error()+". Nothing was changed. Remove the moved block and apply with that version first.")
			return
		}
		resp.TargetState.Raw = value
		resp.TargetPrivate = req.SourcePrivate
		resp.Diagnostics.Append(identify(ctx, resp.TargetState, resp.TargetIdentity)...)
	}}
}
