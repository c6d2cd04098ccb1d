// Package provider has the provider block and the list of everything that the provider
// serves.
package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/apitoken"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/functions"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/image"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/organization"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/registry"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/rotatingtoken"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/validate"
)

// Address is the provider's address in the Terraform Registry.
const Address = "registry.terraform.io/cloudfleet/cloudfleet"

var (
	_ provider.ProviderWithListResources      = (*Provider)(nil)
	_ provider.ProviderWithActions            = (*Provider)(nil)
	_ provider.ProviderWithFunctions          = (*Provider)(nil)
	_ provider.ProviderWithEphemeralResources = (*Provider)(nil)
)

// Provider is the provider cloudfleet.
type Provider struct {
	version   string
	process   *providerdata.Process
	ephemeral *providerdata.Ephemeral
}

// New returns a function that creates a provider of this version.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return NewInProcess(version, nil) }
}

// NewInProcess returns the provider of this version that a process serves to a CLI. A nil
// process belongs to no CLI.
func NewInProcess(version string, process *providerdata.Process) *Provider {
	return &Provider{version, process, &providerdata.Ephemeral{}}
}

// Shutdown deletes the ephemeral tokens that Terraform has opened and not closed, and
// returns what could not be deleted. It is called when the process ends; Terraform waits
// two seconds for that.
func (p *Provider) Shutdown(ctx context.Context) diag.Diagnostics { return p.ephemeral.Close(ctx) }

type model struct {
	OrganizationID    types.String `tfsdk:"organization_id"`
	AccessTokenID     types.String `tfsdk:"access_token_id"`
	AccessTokenSecret types.String `tfsdk:"access_token_secret"`
	Endpoint          types.String `tfsdk:"endpoint"`
	RegistryDomain    types.String `tfsdk:"registry_domain"`
	RequestTimeout    types.String `tfsdk:"request_timeout"`
	MaxRetries        types.Number `tfsdk:"max_retries"`
}

func (p *Provider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "cloudfleet"
	resp.Version = p.version
}

func (p *Provider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages API tokens for Cloudfleet and its container registry (CFCR), and computes registry host names.",
		Attributes: map[string]schema.Attribute{
			organizationID.name: schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "ID of the organization, a UUID. Needed for registry host names. If the access token belongs to another " +
					"organization, API calls fail. " + organizationID.source(),
				Validators: []validator.String{validate.String(organizationID.check)},
			},
			accessTokenID.name: schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "ID of the API token that the provider works with. Its role must be `Administrator`. " + accessTokenID.source(),
				Validators:          []validator.String{validate.Secret(accessTokenID.check)},
			},
			accessTokenSecret.name: schema.StringAttribute{
				Optional: true, Sensitive: true,
				MarkdownDescription: "Secret of that API token. " + accessTokenSecret.source(),
				Validators:          []validator.String{validate.Secret(accessTokenSecret.check)},
			},
			endpoint.name: schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Base URL of the Cloudfleet API: HTTPS, or plain HTTP to this machine only, as for a mock server. " +
					endpoint.source(),
				Validators: []validator.String{validate.Secret(endpoint.check)},
			},
			registryDomain.name: schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Domain that the host names of registries end with. " + registryDomain.source(),
				Validators:          []validator.String{validate.String(registryDomain.check)},
			},
			requestTimeout.name: schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "How long one attempt of an API call may take, as a number with a unit, such as `30s` or `2m`. " +
					requestTimeout.source(),
				Validators: []validator.String{validate.String(requestTimeout.check)},
			},
			maxRetries.name: schema.NumberAttribute{
				Optional: true,
				MarkdownDescription: "How often an API call is sent again, 0 to 20: after a 429, a 5xx, or without a whole answer. " +
					"A create is sent again under the same idempotency key, by which the API can recognize it. " + maxRetries.source(),
				Validators: []validator.Number{validate.Whole(0, retriesLimit)},
			},
		},
	}
}

func (p *Provider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{apitoken.NewResource, rotatingtoken.NewResource, image.NewResource}
}

func (p *Provider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		apitoken.NewDataSource,
		apitoken.NewTokensDataSource,
		organization.NewDataSource,
		registry.NewDataSource,
		image.NewDataSource,
		registry.NewRepositoriesDataSource,
	}
}

// ListResources returns what `terraform query` can list.
func (p *Provider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{apitoken.NewListResource, rotatingtoken.NewListResource}
}

// Actions returns the actions.
func (p *Provider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{apitoken.NewRevokeSecret, apitoken.NewSweepEphemeral, apitoken.NewCheckSecret}
}

// EphemeralResources returns the ephemeral resources, which need Terraform 1.10 or
// OpenTofu 1.11.
func (p *Provider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{apitoken.NewEphemeralResource, registry.NewEphemeralResource}
}

func (p *Provider) Functions(context.Context) []func() function.Function {
	return functions.All()
}
