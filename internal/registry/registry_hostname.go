package registry

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cfcr"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
)

// ownHostname is registryHostname for the provider's organization.
func ownHostname(provider *providerdata.Data, region *types.String) (string, diag.Diagnostics) {
	organizationID := types.StringNull()
	return registryHostname(provider, &organizationID, region)
}

// hostnameIsUnknown reports whether the host name depends on values that are not known
// yet.
func hostnameIsUnknown(provider *providerdata.Data, organizationID types.String) bool {
	return organizationID.IsNull() && provider.OrganizationID.IsUnknown() || provider.RegistryDomain.IsUnknown()
}

// loginIsUnknown reports whether the host name or the provider's login is not known yet.
func loginIsUnknown(provider *providerdata.Data, organizationID types.String) bool {
	return hostnameIsUnknown(provider, organizationID) || provider.AccessTokenID.IsUnknown() || provider.AccessTokenSecret().IsUnknown()
}

// registryHostname applies the defaults, and returns the registry's host name.
func registryHostname(provider *providerdata.Data, organizationID, region *types.String) (string, diag.Diagnostics) {
	var diags diag.Diagnostics
	if organizationID.IsNull() {
		*organizationID = provider.OrganizationID
	}
	if region.IsNull() {
		*region = types.StringValue(cfcr.DefaultRegion)
	}
	switch {
	case organizationID.IsUnknown():
		diags.AddAttributeError(path.Root("organization_id"), "Organization is not known yet",
			"The provider's organization_id is known only after apply, but needed before. Set organization_id here, or first "+
				"apply the resource that the provider's comes from, for example with -target.")
	case organizationID.IsNull():
		diags.AddAttributeError(path.Root("organization_id"), "No organization",
			"Set organization_id here, in the provider block, or in the environment variable CLOUDFLEET_ORGANIZATION_ID. It "+
				"is the UUID with which host names of your registries begin. The Cloudfleet Console shows it.")
	case provider.RegistryDomain.IsUnknown():
		diags.AddError("Registry domain is not known yet",
			"The provider's registry_domain is known only after apply, but needed before. First apply the resource that it "+
				"comes from, for example with -target.")
	}
	return cfcr.Hostname(organizationID.ValueString(), region.ValueString(), provider.RegistryDomain.ValueString()), diags
}
