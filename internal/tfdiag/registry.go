package tfdiag

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
)

// FromRegistryError is FromError for an error of the registry at hostname.
func FromRegistryError(summary, hostname string, err error) diag.Diagnostics {
	var diags diag.Diagnostics
	answer, isAnswer := errors.AsType[*oci.Error](err)
	switch {
	case isAnswer:
		text := fmt.Sprintf("The registry %s answered %s to %s %s", hostname, answer.Status(), answer.Method, answer.Path)
		if answer.Message != "" {
			text += ": " + answer.Message
		}
		diags.AddError(summary, paragraphs(sentence(text), nextStepAtRegistry(answer.StatusCode)))
	case errors.Is(err, context.Canceled):
		diags.AddError(summary, paragraphs(Sentence(err), nextStep(err)))
	default:
		next := "If other clients can read it, please report this as a bug in the provider. If not, push it again."
		_, unanswered := errors.AsType[oci.UnansweredError](err)
		_, untrusted := errors.AsType[x509.UnknownAuthorityError](err)
		_, isNoJSON := errors.AsType[*json.SyntaxError](err)
		switch {
		case isNoJSON:
			next = "Something else answered in the registry's place, such as a proxy or a gateway with a page to log in. Check the proxy " +
				"(HTTPS_PROXY, NO_PROXY) and the provider's registry_domain."
		case errors.Is(err, oci.ErrTooLarge):
			next = "Registries need not take more than 4 MiB. Build the image or the index from fewer parts."
		case errors.Is(err, oci.ErrLinkElsewhere), errors.Is(err, oci.ErrNoRealm):
			next = "The registry is not set up as its clients see it: its external URL, or that of its token service, is missing or wrong. " +
				"Tell those who run it; for a registry of Cloudfleet ask its support."
		case untrusted:
			next = "The registry's certificate is not signed by an authority that this machine trusts. If it is one of your own, or a " +
				"proxy's, set " +
				"SSL_CERT_FILE to a file with its certificate (on macOS and Windows: add it to the system's)."
		case unanswered:
			next = "Check that this machine reaches it: its network, its proxy (HTTPS_PROXY, NO_PROXY), and the provider's organization_id and " +
				"registry_domain, which its host name is made of. Then run it again."
		}
		diags.AddError(summary, paragraphs(sentence(fmt.Sprintf("Asking the registry %s failed: %s", hostname, err)), next))
	}
	return diags
}

func nextStepAtRegistry(status int) string {
	switch {
	case status >= http.StatusInternalServerError:
		return "Run it again in a few minutes. If it persists, ask Cloudfleet's support."
	case status == http.StatusUnauthorized:
		return "Check that the provider's access token is of the organization that its organization_id names: no other gets in. " +
			"Some registries also answer this where there is no such repository: check its name. " +
			nextStep(
				&cloudfleet.Error{StatusCode: status},
			)
	case status == http.StatusForbidden:
		return "The provider's access token may not read this. Check its role, that it is of the organization you mean, and that " +
			"there is such a repository."
	case status == http.StatusNotFound:
		return "Check the provider's registry_domain, and that the registry is the one you mean."
	default:
		return nextStep(&cloudfleet.Error{StatusCode: status})
	}
}
