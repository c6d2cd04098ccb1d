package apitoken

import (
	"context"
	"fmt"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

// privateState is the framework's, which has no name for it.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// keyRefused is whether the last refresh found the secret in the state refused. The
// secret itself stays, so that a refresh changes nothing that others read.
const keyRefused = "secret_refused"

func remember(ctx context.Context, private privateState, refused bool) diag.Diagnostics {
	return private.SetKey(ctx, keyRefused, []byte(strconv.FormatBool(refused)))
}

func wasRefused(ctx context.Context, private privateState, diags *diag.Diagnostics) bool {
	value, more := private.GetKey(ctx, keyRefused)
	diags.Append(more...)
	return string(value) == "true"
}

// verify asks whether the secret in the state is still good, if that is wanted.
// That of the provider's own token is not asked for: nothing could be done about it.
func (r *Resource) verify(ctx context.Context, m *model, private privateState) diag.Diagnostics {
	if !m.VerifySecret.ValueBool() || m.Secret.IsNull() || r.client.CallsAs(m.ID.ValueString()) {
		return nil
	}
	accepted, err := r.client.AcceptsSecret(ctx, m.ID.ValueString(), m.Secret.ValueString())
	if err != nil {
		var diags diag.Diagnostics
		diags.AddWarning(fmt.Sprintf("Could not verify the secret of API token %q", m.Name.ValueString()),
			tfdiag.Sentence(err)+" Nothing is made of it: the next refresh asks again.")
		return diags
	}
	diags := remember(ctx, private, !accepted)
	if !accepted {
		diags.AddWarning(fmt.Sprintf("The secret of API token %q is dead", m.Name.ValueString()), fmt.Sprintf(
			"Cloudfleet refuses the secret in the state (401) of token %s: it was regenerated elsewhere, and whoever was given the one in the "+
				"state is locked out. The plan regenerates it, which kills the newer one as well. To leave that alone, set verify_secret = false.",
			m.ID.ValueString()))
	}
	return diags
}
