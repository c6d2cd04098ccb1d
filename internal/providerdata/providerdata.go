// Package providerdata has what the configured provider passes to its resources, data
// sources and actions.
package providerdata

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
)

// Data is the configured provider.
type Data struct {
	// Client is never nil. If the provider has no credentials, or does not know them yet,
	// its calls return an error that says so.
	Client *cloudfleet.Client
	// Calls configures calls of a registry: the user agent, the limits and the log.
	Calls oci.Options
	// Registries are the clients of registries in this run.
	Registries *Registries
	// OrganizationID is a UUID; null if none is configured, unknown until apply
	// if it is computed.
	OrganizationID types.String
	// RegistryDomain is what follows the region in a registry's host name;
	// unknown until apply if it is computed.
	RegistryDomain types.String
	// AccessTokenID is of the token that the provider works with; null if none is
	// configured, unknown until apply if it is computed.
	AccessTokenID types.String
	// AccessTokenSecret returns the secret of that token, or null or unknown in the same
	// way. It is a function, so that printing Data does not show the secret.
	AccessTokenSecret func() types.String
	// Ephemeral are the ephemeral tokens that are open.
	Ephemeral *Ephemeral
	// Process is the process that serves the provider.
	Process *Process
}

// From returns what Configure of a resource or data source is given: nil before the
// provider is configured, for example in a validation.
func From(providerData any, diags *diag.Diagnostics) *Data {
	if providerData == nil {
		return nil
	}
	data, ok := providerData.(*Data)
	if !ok {
		diags.AddError("Provider data of the wrong type",
			fmt.Sprintf("Expected %T, got %T. This is a bug in the provider: please report it.", data, providerData))
	}
	return data
}
