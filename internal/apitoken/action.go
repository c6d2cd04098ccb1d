package apitoken

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

var (
	_ action.ActionWithConfigure  = (*RevokeSecret)(nil)
	_ action.ActionWithModifyPlan = (*RevokeSecret)(nil)
)

// actionClient is embedded in all actions: it has the API client.
type actionClient struct {
	client *cloudfleet.Client
}

// Configure takes the client from the provider.
func (a *actionClient) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	if data := providerdata.From(req.ProviderData, &resp.Diagnostics); data != nil {
		a.client = data.Client
	}
}

// RevokeSecret is cloudfleet_revoke_api_token_secret: it regenerates the secret of
// a token and forgets the new one.
type RevokeSecret struct{ actionClient }

// NewRevokeSecret returns the action for the provider to serve.
func NewRevokeSecret() action.Action { return &RevokeSecret{} }

func (a *RevokeSecret) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_revoke_api_token_secret"
}

func (a *RevokeSecret) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Revokes a leaked secret: regenerates the secret of an API token and discards the new one, so that **the " +
			"old one is rejected immediately**, by the API and by every registry. The token and its ID stay. Run it with " +
			"`terraform apply -invoke`. Requires Terraform 1.14.\n\nThe state of a `cloudfleet_api_token` then still has the " +
			"revoked secret. The next apply issues a new one if `verify_secret` is set; otherwise change its " +
			"`rotation_trigger`.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "ID of the token whose secret to revoke: the user name that leaked with it. It must not be the " +
					"provider's own token.",
			},
		},
	}
}

// ModifyPlan reports in the plan what would fail in the apply. A schema validator is not
// enough: it does not see values that come from variables.
func (a *RevokeSecret) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	_, diags := a.target(ctx, req.Config)
	resp.Diagnostics.Append(diags...)
}

// target returns the ID of the token whose secret to revoke, empty while it is unknown,
// or an error if that token must not lose its secret.
func (a *RevokeSecret) target(ctx context.Context, config tfsdk.Config) (string, diag.Diagnostics) {
	var value types.String
	attribute := path.Root("id")
	diags := config.GetAttribute(ctx, attribute, &value)
	if diags.HasError() || value.IsUnknown() {
		return "", diags
	}
	id := value.ValueString()
	if err := cloudfleet.CheckTokenID(id); err != nil {
		diags.AddAttributeError(attribute, "Invalid id", tfdiag.Sentence(err))
	}
	if a.client.CallsAs(id) {
		diags.AddAttributeError(attribute, "Refusing to revoke the secret of the provider's own API token", fmt.Sprintf(
			"The provider itself uses the API token %s: this run, and every later one, would be locked out. If its secret "+
				"has leaked, regenerate it immediately in the Cloudfleet Console or with `cloudfleet tokens regenerate`, and "+
				"configure the provider with the new secret. Or configure the provider with another Administrator token "+
				"(CLOUDFLEET_ACCESS_TOKEN_ID and CLOUDFLEET_ACCESS_TOKEN_SECRET), and run this action with that one.", id))
	}
	return id, diags
}

// Invoke revokes the secret in one call. It does not read the token first: a leaked
// secret may be in use.
func (a *RevokeSecret) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	id, diags := a.target(ctx, req.Config)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	progress := func(format string, args ...any) {
		resp.SendProgress(action.InvokeProgressEvent{Message: fmt.Sprintf(format, args...)})
	}
	progress("Revoking the secret of API token %s.", id)
	token, ambiguous, err := a.client.RegenerateToken(ctx, cloudfleet.KnownToken{ID: id})
	if err != nil {
		resp.Diagnostics.Append(tfdiag.FromError("Could not revoke the secret of API token "+id, notRevoked(err), err)...)
		return
	}
	if ambiguous {
		progress("The first attempt got no answer, so it was sent again.")
	}
	progress("The old secret of API token %q (%s, %s) is revoked. The new one was discarded.", token.Name, id, token.Role)
}

// notRevoked returns a sentence about the state of the secret after err.
func notRevoked(err error) string {
	switch {
	case cloudfleet.IsNotFound(err):
		return "There is no such token in the organization of the provider's access token. If it was deleted, its secret is no " +
			"longer valid. If it belongs to another organization, its secret is still valid: run this action with an " +
			"Administrator token of that organization."
	case cloudfleet.MayHaveActed(err):
		return "The old secret may still be valid. Run the action again until it succeeds: revoking twice does no harm."
	default:
		return "Assume that the old secret is still valid."
	}
}
