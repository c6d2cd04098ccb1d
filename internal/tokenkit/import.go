package tokenkit

import (
	"errors"
	"net/http"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

const findsID = " The ID is in the Cloudfleet Console under API tokens, and the data source cloudfleet_api_tokens finds it by name."

// InvalidImportID is the error for an invalid import ID. form describes the valid form.
func InvalidImportID(err error, form string) diag.Diagnostic {
	return diag.NewErrorDiagnostic("Invalid import ID", tfdiag.Sentence(err)+" "+form+findsID)
}

// InvalidIdentity is the error for an import by an identity with this invalid attribute.
func InvalidIdentity(err error, attribute string) diag.Diagnostic {
	return diag.NewAttributeErrorDiagnostic(path.Root(attribute), "Invalid identity", "In the identity, "+attribute+" is wrong: "+
		tfdiag.Sentence(err)+findsID)
}

// NotImported returns the error for the import of a token that does not exist, nil if the
// read failed for another reason.
func NotImported(id string, err error) diag.Diagnostics {
	e, ok := errors.AsType[*cloudfleet.Error](err)
	if !cloudfleet.IsNotFound(err) && (!ok || e.StatusCode != http.StatusGone) {
		return nil
	}
	return diag.Diagnostics{
		diag.NewErrorDiagnostic("Cannot import API token "+id, "There is no token with this ID in the organization of the "+
			"provider's access token. Nothing was imported. "+tfdiag.Sentence(err)+findsID),
	}
}
