package registry

import (
	"context"
	"slices"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

// clientOf returns a client of the organization's registry in a region, and its host
// name. Without an access token it logs in with the machine's credential helper. summary
// is the summary of an error.
func clientOf(
	ctx context.Context,
	provider *providerdata.Data,
	region *types.String,
	summary string,
) (*oci.Client, string, diag.Diagnostics) {
	hostname, diags := ownHostname(provider, region)
	if diags.HasError() {
		return nil, "", diags
	}
	id, secret := provider.AccessTokenID, provider.AccessTokenSecret()
	if id.IsUnknown() || secret.IsUnknown() {
		diags.AddError(summary, "The provider's access token is known only after apply, but needed before. First apply the resource that it "+
			"comes from, for example with -target.")
		return nil, "", diags
	}
	username, password := id.ValueString(), secret.ValueString()
	if id.IsNull() || secret.IsNull() {
		var err error
		username, password, err = provider.Registries.Login(hostname, func() (string, string, error) {
			found, err := askHelper(ctx, hostname, helperTimeout)
			return found.username, found.password, err
		})
		if err != nil {
			diags.AddError(summary, tfdiag.Sentence(noLogin(err, hostname, provider.OrganizationID.ValueString())))
			return nil, "", diags
		}
	}
	client, diags := clientWith(provider, hostname, username, password, summary)
	return client, hostname, diags
}

// clientWith returns a client of a registry of the organization with this login.
func clientWith(provider *providerdata.Data, hostname, username, password, summary string) (*oci.Client, diag.Diagnostics) {
	options := provider.Calls
	options.Host, options.Domain = hostname, provider.RegistryDomain.ValueString()
	options.Username, options.Password = username, password
	client, err := provider.Registries.Client(options)
	if err != nil {
		return nil, tfdiag.FromRegistryError(summary, hostname, err)
	}
	return client, nil
}

// nearest returns the names that are most similar to the missing one.
func nearest(name string, names []string) []string {
	const most = 3
	byDistance := slices.SortedStableFunc(slices.Values(names), func(a, b string) int {
		return levenshtein.Distance(name, a, nil) - levenshtein.Distance(name, b, nil)
	})
	return byDistance[:min(most, len(byDistance))]
}
