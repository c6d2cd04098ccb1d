package registry

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cfcr"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/validate"
)

var _ ephemeral.EphemeralResourceWithConfigure = (*EphemeralResource)(nil)

// EphemeralResource is cloudfleet_registry_credentials.
type EphemeralResource struct {
	provider *providerdata.Data
}

// NewEphemeralResource returns the ephemeral resource for the provider to serve.
func NewEphemeralResource() ephemeral.EphemeralResource { return &EphemeralResource{} }

type ephemeralModel struct {
	OrganizationID   types.String `tfsdk:"organization_id"`
	Region           types.String `tfsdk:"region"`
	Hostname         types.String `tfsdk:"hostname"`
	Username         types.String `tfsdk:"username"`
	Password         types.String `tfsdk:"password"`
	DockerConfigJSON types.String `tfsdk:"docker_config_json"`
	Source           types.String `tfsdk:"source"`
}

func (e *EphemeralResource) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_registry_credentials"
}

func (e *EphemeralResource) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Credentials for the container registry (CFCR) of a region, which are in no plan and no state. They are " +
			"the provider's own access token or, if it has none, what the credential helper `docker-credential-" + cfcr.CredentialHelper +
			"` of the machine answers: one configuration works in a pipeline and for a developer. Makes no call to the Cloudfleet API. " +
			"Requires Terraform 1.10 or OpenTofu 1.11.",
		Attributes: map[string]schema.Attribute{
			"organization_id": schema.StringAttribute{
				Optional: true,
				Computed: true,
				MarkdownDescription: "ID of the organization, a UUID: that of the access token, if there is one. Default: the provider's " +
					"`organization_id`.",
				Validators: []validator.String{validate.String(validate.UUID)},
			},
			"region": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: providerdata.RegionDescription,
				Validators:          []validator.String{validate.String(cfcr.CheckRegion)},
			},
			"hostname": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "Host name, such as `12345678-6651-4e5d-9c04-079f6532989b.europe.registry.cloudfleet.dev`, for " +
					"`docker login` and at the beginning of image references.",
			},
			"username": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "User name for `docker login`. For an access token, its ID.",
			},
			"password": schema.StringAttribute{
				Computed:            true,
				Sensitive:           true,
				MarkdownDescription: "Password for `docker login`. That of a credential helper is valid for a short time: use it only in this run.",
			},
			"docker_config_json": schema.StringAttribute{
				Computed: true, Sensitive: true,
				MarkdownDescription: "The same as a Docker configuration, as `kubectl create secret docker-registry` writes it.",
			},
			"source": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Where the credentials come from: `" + providerdata.FromAccessToken + "` or `" + providerdata.FromHelper + "`.",
			},
		},
	}
}

func (e *EphemeralResource) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	e.provider = providerdata.From(req.ProviderData, &resp.Diagnostics)
}

// Open creates nothing, so there is nothing to close.
func (e *EphemeralResource) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var m ephemeralModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if providerdata.DeferOpen(ctx, resp, e.provider.LoginIsUnknown(m.OrganizationID) && req.ClientCapabilities.DeferralAllowed) {
		return
	}
	hostname, diags := e.provider.RegistryHostname(&m.OrganizationID, &m.Region)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if e.isOther(m.OrganizationID.ValueString()) {
		resp.Diagnostics.AddAttributeError(path.Root("organization_id"), "Access token of another organization", fmt.Sprintf(
			"The provider's access token belongs to the organization %s, and the registry of %s would reject it. Use another "+
				"provider configuration (an alias) for that organization.",
			e.provider.OrganizationID.ValueString(), m.OrganizationID.ValueString()))
		return
	}
	summary := "No credentials for " + hostname
	if e.provider.LoginIsUnknown(m.OrganizationID) {
		summary = "Credentials are not known yet"
	}
	username, password, source, diags := e.provider.RegistryLogin(ctx, hostname, m.OrganizationID.ValueString(), summary)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	config, err := cfcr.Auths(hostname, username, password)
	if err != nil {
		resp.Diagnostics.AddError("Unusable access token", tfdiag.Sentence(err)+" Correct CLOUDFLEET_ACCESS_TOKEN_ID and "+
			"CLOUDFLEET_ACCESS_TOKEN_SECRET, or access_token_id and access_token_secret in the provider block.")
		return
	}
	m.Hostname = types.StringValue(hostname)
	m.Username = types.StringValue(username)
	m.Password = types.StringValue(password)
	m.DockerConfigJSON = types.StringValue(config)
	m.Source = types.StringValue(source)
	resp.Diagnostics.Append(resp.Result.Set(ctx, &m)...)
}

// isOther reports whether the provider's access token belongs to another organization.
func (e *EphemeralResource) isOther(organizationID string) bool {
	configured := e.provider.OrganizationID
	return !e.provider.AccessTokenID.IsNull() && !configured.IsNull() && !configured.IsUnknown() &&
		!strings.EqualFold(configured.ValueString(), organizationID)
}
