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

// PlanCreate finds out in the plan of a create whether the provider's credentials
// allow it, with one call that all creates of a run share. It does nothing while the
// provider's configuration is not known.
func PlanCreate(ctx context.Context, data *providerdata.Data, name types.String, private PrivateWriter) diag.Diagnostics {
	if data == nil {
		return nil
	}
	if err := data.Client.CheckAccess(ctx); err != nil && !errors.Is(err, tfdiag.ErrNotYetKnown) {
		return tfdiag.FromError(fmt.Sprintf("Could not plan API token %q", name.ValueString()), "The apply would fail: nothing was created.", err)
	}
	return planVersion(ctx, data.Versions, private)
}

// WarnOfRevocation says in a plan which secrets stop working in the apply.
func WarnOfRevocation(name types.String, secrets ...string) diag.Diagnostic {
	return diag.NewWarningDiagnostic(fmt.Sprintf("The apply revokes a secret of API token %q", name.ValueString()),
		"Clients that still use it are then rejected:\n\n  - "+strings.Join(secrets, "\n  - "))
}

// importTime is how long after an import a plan warns of it. The plan may be that of a
// later run: `terraform import` makes none.
const importTime = 10 * time.Minute

// WarnOfImport says in a plan after an import that the secret is not known, as long as
// this version of it is 0.
func (m Memory) WarnOfImport(id, name types.String, version types.Int64) (diags diag.Diagnostics) {
	if time.Since(m.Imported) > importTime || version.ValueInt64() != 0 {
		return nil
	}
	diags.AddWarning(fmt.Sprintf("The secret of the imported API token %q is not known", name.ValueString()), fmt.Sprintf(
		"Cloudfleet shows a secret only once, so that secret of token %s is null and secret_version 0. A resource that takes the secret is "+
			"given null, and overwrites the one that it has. If you have the secret, set %s to it before you apply. Otherwise connect nothing "+
			"to it yet; to have a secret issued, which revokes the present one, first apply one rotation_trigger, then another.",
		id.ValueString(), SecretWO,
	))
	return diags
}

// undoTimeout bounds the delete of a token that nobody can be told of.
const undoTimeout = time.Minute

// DeleteUnowned deletes a token that was created for a CLI that has ended since:
// nobody will ever have its secret.
func DeleteUnowned(ctx context.Context, client *cloudfleet.Client, id string) diag.Diagnostics {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	if err := client.DeleteToken(ctx, cloudfleet.KnownToken{ID: id}); err != nil {
		return tfdiag.FromError("Could not delete API token "+id, "Its secret is lost: delete the token by hand.", err)
	}
	return diag.Diagnostics{diag.NewErrorDiagnostic("API token "+id+" was deleted again",
		"The CLI ended while the token was being created, so its secret would have been lost.")}
}
