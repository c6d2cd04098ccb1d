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
			next = "Another server answered in place of the registry, such as a proxy or a gateway with a login page. Check the " +
				"proxy (HTTPS_PROXY, NO_PROXY) and the provider's registry_domain."
		case errors.Is(err, oci.ErrTooLarge):
			next = "Registries may not accept more than 4 MiB. Build the image or the index from fewer parts."
		case errors.Is(err, oci.ErrLinkElsewhere), errors.Is(err, oci.ErrNoRealm):
			next = "The registry is not configured correctly: its external URL, or that of its token service, is missing or wrong. " +
				"Report this to its operator; for a registry of Cloudfleet, to Cloudfleet's support."
		case untrusted:
			next = "The registry's certificate is not signed by an authority that this machine trusts. If it is a private one, or a " +
				"proxy's, set SSL_CERT_FILE to a file with its certificate (on macOS and Windows: add it to the system's)."
		case unanswered:
			next = "Check that this machine can reach it: the network, the proxy (HTTPS_PROXY, NO_PROXY), and the provider's " +
				"organization_id and registry_domain, which form its host name. Then run it again."
		}
		diags.AddError(summary, paragraphs(sentence(fmt.Sprintf("The request to the registry %s failed: %s", hostname, err)), next))
	}
	return diags
}

func nextStepAtRegistry(status int) string {
	switch {
	case status >= http.StatusInternalServerError:
		return "Run it again in a few minutes. If it persists, ask Cloudfleet's support."
	case status == http.StatusUnauthorized:
		return "Check that the provider's access token belongs to its organization_id. Some registries also answer this for a " +
			"repository that does not exist: check its name. " + nextStep(&cloudfleet.Error{StatusCode: status})
	case status == http.StatusForbidden:
		return "The provider's access token has no permission to read this. Check its role, its organization, and that the " +
			"repository exists."
	case status == http.StatusNotFound:
		return "Check the provider's registry_domain, and that this is the intended registry."
	default:
		return nextStep(&cloudfleet.Error{StatusCode: status})
	}
}
