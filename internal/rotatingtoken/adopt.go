package rotatingtoken

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

// adoption says which secrets are taken from secret_wo and previous_secret_wo.
type adoption struct{ current, previous bool }

func (m *model) adopts(ctx context.Context, config tfsdk.Config) (a adoption, diags diag.Diagnostics) {
	current, diags := tokenkit.Adopts(ctx, config, tokenkit.SecretWO, m.StoredSecret)
	previous, more := tokenkit.Adopts(ctx, config, tokenkit.PreviousSecretWO, m.previousSecret())
	return adoption{current && !m.TokenID.IsNull(), previous && !m.PreviousTokenID.IsNull()}, append(diags, more...)
}

// adopt stores the secrets from the configuration. It is not known when they were issued.
func (m *model) adopt(
	ctx context.Context, client *cloudfleet.Client, config tfsdk.Config, a adoption, recipients tokenkit.Recipients,
) diag.Diagnostics {
	if a.current {
		stored, diags := tokenkit.Adopt(ctx, client, config, tokenkit.SecretWO, m.TokenID, recipients)
		if diags.HasError() {
			return diags
		}
		m.AdoptSecret(stored)
	}
	if a.previous {
		stored, diags := tokenkit.Adopt(ctx, client, config, tokenkit.PreviousSecretWO, m.PreviousTokenID, recipients)
		if diags.HasError() {
			return diags
		}
		m.setPreviousSecret(stored)
	}
	return nil
}
