package apitoken

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

var _ action.ActionWithConfigure = (*CheckSecret)(nil)

// CheckSecret is cloudfleet_check_api_token_secret: it fails if Cloudfleet rejects a
// secret.
type CheckSecret struct{ actionClient }

// NewCheckSecret returns the action for the provider to serve.
func NewCheckSecret() action.Action { return &CheckSecret{} }

func (a *CheckSecret) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_check_api_token_secret"
}

func (a *CheckSecret) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Checks with one call that the secret of an API token is valid, and fails if it is not. Trigger it when the " +
			"resource that receives the secret was created or updated. It changes nothing. Requires Terraform 1.14.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Required: true, MarkdownDescription: "ID of the token."},
			"secret": schema.StringAttribute{
				// The framework does not allow write-only arguments in actions.
				Required:            true,
				MarkdownDescription: "Secret of the token, as it was received. A saved plan contains it.",
			},
		},
	}
}

// Invoke calls the API with the credentials of the token itself.
func (a *CheckSecret) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var id, secret types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("id"), &id)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("secret"), &secret)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if err := cloudfleet.CheckTokenID(id.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("id"), "Invalid id", tfdiag.Sentence(err))
		return
	}
	if secret.ValueString() == "" {
		resp.Diagnostics.AddAttributeError(path.Root("secret"), "No secret to check", "secret is null or empty, as that of a token after an "+
			"import, or with encrypt_to. No call was made.")
		return
	}
	rejected, err := a.client.RejectsSecret(ctx, id.ValueString(), secret.ValueString())
	switch {
	case err != nil:
		resp.Diagnostics.Append(
			tfdiag.FromError("Could not check the secret of API token "+id.ValueString(), "Whether it is valid is not known.", err)...)
	case rejected:
		resp.Diagnostics.AddAttributeError(path.Root("secret"), "Cloudfleet rejects the secret of API token "+id.ValueString(),
			"The answer was 401: this is not the present secret of the token. It may have been changed on its way, or "+
				"regenerated since. Compare it with the `secret` of the resource, and its version with `secret_version`.")
	default:
		resp.SendProgress(action.InvokeProgressEvent{Message: fmt.Sprintf("Cloudfleet accepts the secret of API token %s.", id.ValueString())})
	}
}
