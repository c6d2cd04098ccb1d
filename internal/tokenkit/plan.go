package tokenkit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

// PlanCreate checks in the plan of a create whether the provider's credentials allow it,
// with one call that all creates of a run share. It does nothing while the provider's
// configuration is unknown.
func PlanCreate(ctx context.Context, data *providerdata.Data, name types.String, private PrivateWriter) diag.Diagnostics {
	if data == nil {
		return nil
	}
	if err := data.Client.CheckAccess(ctx); err != nil && !errors.Is(err, tfdiag.ErrNotYetKnown) {
		return tfdiag.FromError(fmt.Sprintf("Could not plan API token %q", name.ValueString()), "The apply would fail: nothing was created.", err)
	}
	return planVersion(ctx, data.Versions, private)
}

// WarnOfRevocation warns in a plan which secrets the apply revokes.
func WarnOfRevocation(name types.String, secrets ...string) diag.Diagnostic {
	return diag.NewWarningDiagnostic(fmt.Sprintf("The apply revokes a secret of API token %q", name.ValueString()),
		"Clients that still use it are then rejected:\n\n  - "+strings.Join(secrets, "\n  - "))
}

// importTime is how long after an import plans warn of it. `terraform import` itself
// makes no plan.
const importTime = 10 * time.Minute

// WarnOfImport warns in a plan after an import that the secret is not known, as long as
// its version is 0.
func (m Memory) WarnOfImport(id, name types.String, version types.Int64) (diags diag.Diagnostics) {
	if time.Since(m.Imported) > importTime || version.ValueInt64() != 0 {
		return nil
	}
	diags.AddWarning(fmt.Sprintf("The secret of the imported API token %q is not known", name.ValueString()), fmt.Sprintf(
		"Cloudfleet shows a secret only once, so secret is null and secret_version 0 for token %s. A resource that uses "+
			"the secret gets null, and overwrites the one that it has. If you have the secret, set %s to it before you "+
			"apply. Otherwise do not connect a resource to it yet. To issue a secret, which revokes the present one, first "+
			"apply one rotation_trigger, then another.",
		id.ValueString(), SecretWO,
	))
	return diags
}

// undoTimeout limits the deletion of a token that the CLI did not wait for.
const undoTimeout = time.Minute

// DeleteUnowned deletes a token that was created for a CLI that has ended meanwhile: its
// secret is lost.
func DeleteUnowned(ctx context.Context, client *cloudfleet.Client, id string) diag.Diagnostics {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	if err := client.DeleteToken(ctx, cloudfleet.KnownToken{ID: id}); err != nil {
		return tfdiag.FromError("Could not delete API token "+id, "Its secret is lost: delete the token by hand.", err)
	}
	return diag.Diagnostics{diag.NewErrorDiagnostic("API token "+id+" was deleted again",
		"The CLI ended while the token was being created, so its secret would have been lost.")}
}
