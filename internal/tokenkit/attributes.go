package tokenkit

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/validate"
)

// NameAttribute is name in the schema of a resource.
var NameAttribute = schema.StringAttribute{
	Required: true,
	MarkdownDescription: "Name of the token, such as `github-actions-registry`: 1 to 255 characters, no control characters, no space at " +
		"either end. Names need not be unique. Changing it renames the token in place.",
	Validators: []validator.String{validate.String(cloudfleet.CheckTokenName)},
}

// RoleAttribute is role in the schema of a resource.
var RoleAttribute = schema.StringAttribute{
	Required: true,
	MarkdownDescription: "Role of the token: `Administrator` pushes and pulls images and manages tokens; `User` pulls. Changing it " +
		"updates the token in place.",
	Validators: []validator.String{validate.String(cloudfleet.CheckRole)},
}
