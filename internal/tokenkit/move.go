package tokenkit

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

// MoveFrom returns the state mover for a resource of this provider whose type ends with
// noun, and which has these attributes beside those of Model, all strings.
func MoveFrom(
	noun string,
	move func(context.Context, resource.MoveStateRequest, *resource.MoveStateResponse),
	attributes ...string,
) []resource.StateMover {
	text, source := schema.StringAttribute{Computed: true}, schema.Schema{Attributes: map[string]schema.Attribute{}}
	attributes = append(
		attributes,
		"name",
		"role",
		"rotation_trigger",
		"secret",
		"encrypted_secret",
		SecretWO,
		"secret_issued_at",
		RotationDueName,
	)
	for _, name := range attributes {
		source.Attributes[name] = text
	}
	source.Attributes["verify_secret"] = schema.BoolAttribute{Computed: true}
	source.Attributes["secret_version"] = schema.Int64Attribute{Computed: true}
	source.Attributes[RotateAfterDaysName] = schema.Int64Attribute{Computed: true}
	source.Attributes[EncryptToName] = schema.ObjectAttribute{Computed: true, AttributeTypes: EncryptToTypes}
	source.Attributes["encrypted_secrets"] = schema.ObjectAttribute{Computed: true, AttributeTypes: encryptedSecretsTypes}
	return []resource.StateMover{{
		SourceSchema: &source,
		StateMover: func(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
			// OpenTofu has another registry host, and private registries have other
			// namespaces.
			if req.SourceTypeName != "cloudfleet_"+noun || !strings.HasSuffix(req.SourceProviderAddress, "/cloudfleet") {
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
		},
	}}
}
