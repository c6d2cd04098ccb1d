package tfdiag

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
)

// Registry says whose registry an error is of, which decides the next step.
type Registry bool

const (
	// Ours is a registry of the provider's organization.
	Ours Registry = true
	// Foreign is the registry of a source.
	Foreign Registry = false
)

// FromRegistryError is FromError for an error of a registry.
func FromRegistryError(summary string, whose Registry, err error) diag.Diagnostics {
	cause, next := RegistryAdvice(whose, err)
	return diag.Diagnostics{diag.NewErrorDiagnostic(summary, paragraphs(cause, next))}
}

// RegistryAdvice returns what happened, in the registry's own words if there are any, and
// what to do next.
func RegistryAdvice(whose Registry, err error) (cause, next string) {
	var text string
	answer, isAnswer := errors.AsType[*oci.Error](err)
	unanswered, isUnanswered := errors.AsType[oci.UnansweredError](err)
	content, isContent := errors.AsType[oci.ContentError](err)
	switch {
	case isAnswer:
		text = fmt.Sprintf("The registry %s answered %s to %s %s", answer.Host, answer.Status(), answer.Method, answer.Path)
		if answer.Message != "" {
			text += ": " + answer.Message
		}
		if answer.Login != "" {
			text = sentence(text) + " " + sentence(answer.Login)
		}
	case isUnanswered:
		text = fmt.Sprintf("The request to the registry %s failed: %s", unanswered.Host, err)
	case isContent:
		text = fmt.Sprintf("What the registry %s has cannot be used: %s", content.Host, err)
	default:
		text = err.Error()
	}
	for _, c := range registryCauses {
		if c.whose != nil && *c.whose != whose || !c.is(err, answer) {
			continue
		}
		return sentence(text), c.next
	}
	return sentence(text), nextStep(&cloudfleet.Error{StatusCode: http.StatusTeapot})
}

// registryCause is a cause of an error, and what to do about it. The first that fits
// counts. answer is nil if there was none.
type registryCause struct {
	// whose is the registry for which it counts. Nil: any.
	whose *Registry
	is    func(err error, answer *oci.Error) bool
	next  string
}

func status(statuses ...int) func(error, *oci.Error) bool {
	return func(_ error, answer *oci.Error) bool {
		for _, s := range statuses {
			if answer != nil && answer.StatusCode == s {
				return true
			}
		}
		return false
	}
}

func caused[T error](err error, _ *oci.Error) bool {
	_, is := errors.AsType[T](err)
	return is
}

func isCause(targets ...error) func(error, *oci.Error) bool {
	return func(err error, _ *oci.Error) bool {
		for _, target := range targets {
			if errors.Is(err, target) {
				return true
			}
		}
		return false
	}
}

var ours, foreign = Ours, Foreign

var registryCauses = []registryCause{
	{nil, isCause(context.Canceled), "The run was interrupted. Run it again to go on."},
	{
		nil,
		caused[roundtrip.GaveUpError],
		"Wait until the registry's limit is over, then run it again. Fewer calls at a time help too: -parallelism=2.",
	},
	{&ours, func(_ error, a *oci.Error) bool {
		return a != nil && (a.IsQuota() || a.StatusCode == http.StatusRequestEntityTooLarge)
	},
		"The registry is full, or does not accept a part of this size: check its quota in the Cloudfleet Console. The next apply continues."},
	{&ours, func(_ error, a *oci.Error) bool {
		return a != nil && a.Method == http.MethodDelete && (a.StatusCode == http.StatusMethodNotAllowed || a.StatusCode == http.StatusBadRequest)
	}, "The registry deletes no tags, or none at the moment. Keep the tag in the configuration, or delete it in the Cloudfleet Console."},
	{&ours, status(http.StatusMethodNotAllowed), "The registry may be read-only at the moment: check it in the Cloudfleet Console. The next " +
		"apply continues."},
	{
		&ours,
		status(http.StatusUnauthorized),
		"Check that the provider's access token belongs to its organization_id. Some registries also answer " +
			"this for a repository that does not exist: check its name. Check CLOUDFLEET_ACCESS_TOKEN_ID and CLOUDFLEET_ACCESS_TOKEN_SECRET, or " +
			"access_token_id and access_token_secret in the provider block: the token may have been deleted, or its secret regenerated elsewhere.",
	},
	{&ours, func(_ error, a *oci.Error) bool {
		return a != nil && a.StatusCode == http.StatusForbidden && a.Method != http.MethodGet && a.Method != http.MethodHead
	}, "To push and to delete, the provider's access token needs the role Administrator."},
	{
		&ours,
		status(http.StatusForbidden),
		"The provider's access token has no permission to read this. Check its role, its organization, and that " +
			"the repository exists.",
	},
	{&ours, status(http.StatusNotFound), "Check the provider's registry_domain, and that this is the intended registry."},
	{
		&foreign,
		status(http.StatusUnauthorized, http.StatusForbidden),
		"There is no such repository, or it needs another login: set source_username " +
			"and source_password, or run `docker login` for this registry on this machine. If a stored login is out of date, `docker logout` " +
			"removes it.",
	},
	{&foreign, status(http.StatusNotFound), "Correct the source. Some registries also answer this if a login is needed."},
	{
		nil,
		status(http.StatusTooManyRequests),
		"Wait as the registry asks, then run it again. Docker Hub allows more with a login. Fewer calls at a " +
			"time help too: -parallelism=2.",
	},
	{nil, func(_ error, a *oci.Error) bool { return a != nil && a.StatusCode >= http.StatusInternalServerError },
		"Run it again in a few minutes. If it persists, ask the operator of the registry; for a registry of Cloudfleet, its support."},
	{nil, func(err error, _ *oci.Error) bool {
		return errors.Is(err, oci.ErrPage) || caused[*json.SyntaxError](err, nil)
	}, "Another server answered in place of the registry, such as a proxy or a gateway with a login page. Check the " +
		"proxy (HTTPS_PROXY, NO_PROXY) and the provider's registry_domain."},
	{nil, isCause(oci.ErrTooLarge), "Registries may not accept more than 4 MiB. Build the image or the index from fewer parts."},
	{nil, isCause(oci.ErrSchema1), "Build the image again with a current version of Docker or BuildKit, and push it."},
	{
		nil,
		isCause(oci.ErrLinkElsewhere, oci.ErrNoRealm),
		"The registry is not configured correctly: its external URL, or that of its token service, " +
			"is missing or wrong. Report this to its operator; for a registry of Cloudfleet, to Cloudfleet's support.",
	},
	{
		nil,
		isCause(http.ErrSchemeMismatch),
		"The registry does not use TLS, which it must outside of this machine. Check its host name and its port.",
	},
	{
		nil,
		caused[*tls.CertificateVerificationError],
		"This machine does not trust the registry's certificate. If it is a private one, or a proxy's, " +
			"set SSL_CERT_FILE to a file with the certificate of its authority (on macOS and Windows: add it to the system's). If it is for " +
			"another name or has expired, its operator must replace it.",
	},
	{
		nil,
		func(_ error, a *oci.Error) bool { return a != nil },
		"Check proxies and gateways on the way to the registry. The registry's message says " +
			"what it refuses: if that is about the image, correct it there. The next apply continues.",
	},
	{
		&ours,
		caused[oci.UnansweredError],
		"Check that this machine can reach it: the network, the proxy (HTTPS_PROXY, NO_PROXY), and the provider's " +
			"organization_id and registry_domain, which form its host name. Then run it again.",
	},
	{
		&foreign,
		caused[oci.UnansweredError],
		"Check the host name of the source, and that this machine can reach it: the network and the proxy " +
			"(HTTPS_PROXY, NO_PROXY). Then run it again: the copy continues.",
	},
	{
		&ours,
		func(error, *oci.Error) bool { return true },
		"If other clients can read it, please report this as a bug in the provider. If not, push " +
			"it again.",
	},
	{
		&foreign,
		func(error, *oci.Error) bool { return true },
		"`docker pull` shows whether others can read it. If not, push it there again, or " +
			"choose another image.",
	},
}
