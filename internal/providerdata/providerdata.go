// Package providerdata has what the configured provider passes to its resources, data
// sources and actions.
package providerdata

import (
	"fmt"
	"sync"

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

// Registries has one client for each registry and login, so that all calls of a run share
// it and its rate limiter.
type Registries struct {
	mu      sync.Mutex
	clients map[registryLogin]*oci.Client
	// logins guards asked, the logins from a credential helper by host.
	logins sync.Mutex
	asked  map[string]registryLogin
}

type registryLogin struct{ host, username, password string }

// Login returns the answer of ask for a host, and calls ask once for each host in a run.
// Errors are not kept.
func (r *Registries) Login(host string, ask func() (username, password string, err error)) (username, password string, err error) {
	r.logins.Lock()
	defer r.logins.Unlock()
	if found, known := r.asked[host]; known {
		return found.username, found.password, nil
	}
	username, password, err = ask()
	if err != nil {
		return "", "", err
	}
	if r.asked == nil {
		r.asked = map[string]registryLogin{}
	}
	r.asked[host] = registryLogin{host, username, password}
	return username, password, nil
}

// Client returns the client for the registry and login in o. The other options are those
// of the first call.
func (r *Registries) Client(o oci.Options) (*oci.Client, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	login := registryLogin{o.Host, o.Username, o.Password}
	if client := r.clients[login]; client != nil {
		return client, nil
	}
	client, err := oci.New(o)
	if err != nil {
		return nil, err
	}
	if r.clients == nil {
		r.clients = map[registryLogin]*oci.Client{}
	}
	r.clients[login] = client
	return client, nil
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
