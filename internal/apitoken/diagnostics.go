package apitoken

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

// failure returns an error that names the token, the operation that failed and the state
// of the secret. tainted is the ID of a token that is in the state without a secret, or
// empty.
func failure(verb string, m model, tainted string, err error) diag.Diagnostics {
	var consequence string
	switch {
	case tainted != "":
		consequence = tokenkit.CreatedWithoutSecret(tainted)
	case !cloudfleet.MayHaveActed(err):
	case verb == create:
		consequence = tokenkit.MayBeCreated
	case verb == regenerate:
		consequence = "The old secret may be revoked already. The next apply regenerates it again."
	}
	return tfdiag.FromError(fmt.Sprintf("Could not %s API token %q", verb, m.Name.ValueString()), consequence, err, "name", "role")
}

const (
	create     = "create"
	regenerate = "regenerate the secret of"
)
