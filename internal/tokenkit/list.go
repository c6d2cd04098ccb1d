package tokenkit

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

// Lister is what all lists of tokens have in common.
type Lister struct {
	Client *cloudfleet.Client
}

// Configure takes the client from the provider.
func (l *Lister) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	if data := providerdata.From(req.ProviderData, &resp.Diagnostics); data != nil {
		l.Client = data.Client
	}
}

// ListFilterAttributes are the arguments of a list block.
func ListFilterAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"role":        schema.StringAttribute{Optional: true, MarkdownDescription: FilterByRole, Validators: RoleFilterValidators()},
		"name_prefix": schema.StringAttribute{Optional: true, MarkdownDescription: FilterByNamePrefix},
		"name_regex":  schema.StringAttribute{Optional: true, MarkdownDescription: FilterByNameRegex, Validators: NameRegexValidators()},
	}
}

// ListFilter returns a function that reports whether a token passes the filter in a list block.
func ListFilter(ctx context.Context, req list.ListRequest) (func(cloudfleet.Token) bool, diag.Diagnostics) {
	var f Filter
	diags := req.Config.Get(ctx, &f)
	matches, more := f.Compile()
	return matches, append(diags, more...)
}

// ListFailure is the diagnostic of a list that could not be read.
func ListFailure(err error) diag.Diagnostics {
	return tfdiag.FromError("Could not list API tokens", "", err)
}
