package tokenkit

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

// Lister is embedded in all list resources.
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
		"role":            schema.StringAttribute{Optional: true, MarkdownDescription: FilterByRole, Validators: RoleFilterValidators()},
		"name_prefix":     schema.StringAttribute{Optional: true, MarkdownDescription: FilterByNamePrefix},
		"name_regex":      schema.StringAttribute{Optional: true, MarkdownDescription: FilterByNameRegex, Validators: NameRegexValidators()},
		"older_than_days": schema.Int64Attribute{Optional: true, MarkdownDescription: FilterByAge, Validators: AgeFilterValidators()},
		"include_own": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Whether to list the provider's own token as well. A state that has it can neither delete nor " +
				"regenerate it. Default: `false`.",
		},
	}
}

// ListFilter returns a function that reports whether a token passes the filter in a list
// block, and whether the provider's own is listed.
func ListFilter(ctx context.Context, req list.ListRequest) (matches func(cloudfleet.Token) bool, includeOwn bool, diags diag.Diagnostics) {
	var arguments struct {
		Filter
		IncludeOwn types.Bool `tfsdk:"include_own"`
	}
	diags = req.Config.Get(ctx, &arguments)
	matches, more := arguments.Compile()
	return matches, arguments.IncludeOwn.ValueBool(), append(diags, more...)
}

// DisplayName distinguishes tokens of one name. more follows the role.
func DisplayName(t cloudfleet.Token, more string, own bool) string {
	name := fmt.Sprintf("%s (%s%s", t.Name, t.Role, more)
	if !t.CreatedAt.IsZero() {
		name += ", created " + t.CreatedAt.UTC().Format(time.DateOnly)
	}
	if own {
		name += ", the provider's own"
	}
	return name + ")"
}

// ListFailure is the diagnostic of a list that could not be read.
func ListFailure(err error) diag.Diagnostics {
	return tfdiag.FromError("Could not list API tokens", "", err)
}
