package apitoken

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

var _ action.ActionWithConfigure = (*SweepEphemeral)(nil)

// SweepEphemeral is cloudfleet_sweep_ephemeral_api_tokens: it deletes the ephemeral
// tokens that runs have left behind.
type SweepEphemeral struct{ actionClient }

// NewSweepEphemeral returns the action for the provider to serve.
func NewSweepEphemeral() action.Action { return &SweepEphemeral{} }

func (a *SweepEphemeral) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_sweep_ephemeral_api_tokens"
}

func (a *SweepEphemeral) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Deletes ephemeral API tokens that killed runs have left behind. Their name ends with ` (ephemeral until …)`, and " +
			"the time was more than five minutes ago by the clock of this machine. It deletes no other tokens, and never the " +
			"provider's own. Requires Terraform 1.14.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Deletes only tokens of ephemeral resources with exactly this `name`. Default: any name.",
			},
		},
	}
}

// Invoke continues with the next token if one cannot be deleted.
func (a *SweepEphemeral) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var name types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("name"), &name)...)
	if resp.Diagnostics.HasError() {
		return
	}
	now := time.Now()
	tokens, err := leftovers(ctx, a.client, func(tokenName string) bool {
		called, ok := nameOfLeftover(tokenName, now)
		return ok && (name.IsNull() || called == name.ValueString())
	})
	if err != nil {
		resp.Diagnostics.Append(tfdiag.FromError("Could not look for expired ephemeral API tokens", "Nothing was deleted.", err)...)
		return
	}
	deleted := 0
	for _, token := range tokens {
		err := a.client.DeleteToken(ctx, cloudfleet.KnownToken{ID: token.ID})
		if err != nil && !cloudfleet.IsNotFound(err) {
			resp.Diagnostics.Append(tfdiag.FromError(fmt.Sprintf("Could not delete ephemeral API token %q (%s)", token.Name, token.ID),
				"Its secret may still be valid. Run the action again.", err)...)
			continue
		}
		deleted++
		resp.SendProgress(action.InvokeProgressEvent{Message: fmt.Sprintf("Deleted %q (%s).", token.Name, token.ID)})
	}
	resp.SendProgress(
		action.InvokeProgressEvent{Message: fmt.Sprintf("Deleted %d of %d expired ephemeral API tokens.", deleted, len(tokens))},
	)
}
