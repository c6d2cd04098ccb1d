package providerdata

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cfcr"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

// RegionDescription describes the argument region.
const RegionDescription = "Region: `europe` (default), `northamerica` or `apac`. Each region stores its own images."

// Registries has one client for each registry and login, so that all calls of a run share
// it and its rate limiter.
type Registries struct {
	mu      sync.Mutex
	clients map[registryLogin]*oci.Client
	// asking guards asked, the logins from a credential helper by host.
	asking sync.Mutex
	asked  map[string]registryLogin
}

type registryLogin struct{ host, username, password string }

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

// askHelper returns the login at a registry from the machine's credential helper, which is
// asked once for each host in a run. Errors are not kept.
func (r *Registries) askHelper(ctx context.Context, host string) (registryLogin, error) {
	r.asking.Lock()
	defer r.asking.Unlock()
	if found, known := r.asked[host]; known {
		return found, nil
	}
	username, password, err := oci.AskHelper(ctx, cfcr.CredentialHelper, host)
	if err == nil {
		err = errors.Join(cfcr.CheckUsername(username), cfcr.CheckPassword(password))
	}
	if err != nil {
		return registryLogin{}, err
	}
	if r.asked == nil {
		r.asked = map[string]registryLogin{}
	}
	r.asked[host] = registryLogin{host, username, password}
	return r.asked[host], nil
}

// HostnameIsUnknown reports whether the host name of a registry depends on values that are
// not known yet.
func (d *Data) HostnameIsUnknown(organizationID types.String) bool {
	return organizationID.IsNull() && d.OrganizationID.IsUnknown() || d.RegistryDomain.IsUnknown()
}

// LoginIsUnknown reports whether the host name or the provider's login is not known yet.
func (d *Data) LoginIsUnknown(organizationID types.String) bool {
	return d.HostnameIsUnknown(organizationID) || d.AccessTokenID.IsUnknown() || d.AccessTokenSecret().IsUnknown()
}

// RegistryHostname applies the defaults, and returns the host name of a registry.
func (d *Data) RegistryHostname(organizationID, region *types.String) (string, diag.Diagnostics) {
	var diags diag.Diagnostics
	if organizationID.IsNull() {
		*organizationID = d.OrganizationID
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
	case d.RegistryDomain.IsUnknown():
		diags.AddError("Registry domain is not known yet",
			"The provider's registry_domain is known only after apply, but needed before. First apply the resource that it "+
				"comes from, for example with -target.")
	}
	return cfcr.Hostname(organizationID.ValueString(), region.ValueString(), d.RegistryDomain.ValueString()), diags
}

// OwnHostname is RegistryHostname for the provider's organization.
func (d *Data) OwnHostname(region *types.String) (string, diag.Diagnostics) {
	organizationID := types.StringNull()
	return d.RegistryHostname(&organizationID, region)
}

// Where a login comes from.
const (
	FromAccessToken = "access_token"
	FromHelper      = "credential_helper"
)

// RegistryLogin returns the login at a registry and where it comes from: the provider's
// access token or, without one, the machine's credential helper. summary is the summary of
// an error.
func (d *Data) RegistryLogin(
	ctx context.Context,
	hostname, organizationID, summary string,
) (username, password, from string, diags diag.Diagnostics) {
	id, secret := d.AccessTokenID, d.AccessTokenSecret()
	switch {
	case id.IsUnknown() || secret.IsUnknown():
		// An unknown result is not possible in an ephemeral resource: OpenTofu reports it
		// as a bug in the provider.
		diags.AddError(summary, "The provider's access token is known only after apply, but needed before. First apply the resource that it "+
			"comes from, for example with -target.")
	case id.IsNull() || secret.IsNull():
		found, err := d.Registries.askHelper(ctx, hostname)
		if err != nil {
			diags.AddError(summary, tfdiag.Sentence(noLogin(err, hostname, organizationID)))
		}
		return found.username, found.password, FromHelper, diags
	}
	return id.ValueString(), secret.ValueString(), FromAccessToken, diags
}

// RegistryClient returns a client of the organization's registry in a region, with the
// provider's login, and its host name. summary is the summary of an error.
func (d *Data) RegistryClient(ctx context.Context, region *types.String, summary string) (*oci.Client, diag.Diagnostics) {
	hostname, diags := d.OwnHostname(region)
	if diags.HasError() {
		return nil, diags
	}
	options := d.Calls
	options.Host, options.Domain = hostname, d.RegistryDomain.ValueString()
	options.Username, options.Password, _, diags = d.RegistryLogin(ctx, hostname, d.OrganizationID.ValueString(), summary)
	if diags.HasError() {
		return nil, diags
	}
	client, err := d.Registries.Client(options)
	if err != nil {
		return nil, tfdiag.FromRegistryError(summary, tfdiag.Ours, err)
	}
	return client, nil
}

// noLogin returns what to do about an error of the credential helper.
func noLogin(err error, hostname, organizationID string) error {
	const helper = "docker-credential-" + cfcr.CredentialHelper
	var next string
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("the run was interrupted. Run it again to go on")
	case errors.Is(err, oci.ErrNoHelper):
		next = "install Cloudfleet's CLI, then run `cloudfleet auth add-profile user default " + organizationID + "` and " +
			"`cloudfleet auth configure-docker`"
	case errors.Is(err, oci.ErrNotLoggedIn):
		next = "log in: `cloudfleet auth add-profile user default " + organizationID + "`"
	default:
		next = "see what it does: `echo " + hostname + " | " + helper + " get`, which prints the password if it works"
	}
	return fmt.Errorf("the provider has no access token, and %w.\n\nOn a machine of your own, %s. In a pipeline, set the environment "+
		"variables CLOUDFLEET_ACCESS_TOKEN_ID and CLOUDFLEET_ACCESS_TOKEN_SECRET", err, next)
}
