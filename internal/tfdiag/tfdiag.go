// Package tfdiag converts errors of the API and of registries to Terraform diagnostics.
package tfdiag

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

// Defers reports whether a call is deferred to a later run because the provider block is
// not known yet: if the CLI allows it, and if the call needs the API.
func Defers(client *cloudfleet.Client, allowed bool) bool {
	return allowed && client != nil && errors.Is(client.Unavailability(), ErrNotYetKnown)
}

// ErrNotYetKnown is returned by a client whose configuration is known only in the apply.
var ErrNotYetKnown = errors.New("the provider block has values that are known only after apply, so the API cannot be called before")

// FromError returns an error with this summary. The detail has the cause, the consequence
// (a sentence or nothing), the request ID and what to do next. The API's objections to
// one of the arguments are errors at that argument.
func FromError(summary, consequence string, err error, arguments ...string) diag.Diagnostics {
	var diags diag.Diagnostics
	apiError, isAnswer := errors.AsType[*cloudfleet.Error](err)
	if !isAnswer {
		diags.AddError(summary, paragraphs(Sentence(err), consequence, nextStep(err)))
		return diags
	}

	answer := fmt.Sprintf("Cloudfleet answered %s to %s %s: %s",
		apiError.Status(), apiError.Method, apiError.Path, sentence(apiError.Message))
	var requestID string
	if apiError.RequestID != "" {
		requestID = "Request ID: " + apiError.RequestID
	}
	var rest []string
	for _, d := range apiError.Details {
		if !slices.Contains(arguments, d.Field) {
			rest = append(rest, fmt.Sprintf("%s: %s", d.Field, sentence(d.Message)))
			continue
		}
		diags.AddAttributeError(path.Root(d.Field), summary,
			paragraphs(sentence(d.Message), answer, requestID, consequence, nextStep(err)))
	}
	if len(rest) > 0 || len(diags) == 0 {
		diags.AddError(summary, paragraphs(answer, strings.Join(rest, "\n"), requestID, consequence, nextStep(err)))
	}
	return diags
}

// Sentence returns an error's text with a capital letter and a full stop.
func Sentence(err error) string { return sentence(err.Error()) }

func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return s
	}
	first, size := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(first)) + s[size:]
	if strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}

func paragraphs(all ...string) string {
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), "\n\n")
}

func nextStep(err error) string {
	apiError, isAnswer := errors.AsType[*cloudfleet.Error](err)
	switch {
	case errors.Is(err, cloudfleet.ErrNoCredentials):
		return "Set the environment variables CLOUDFLEET_ACCESS_TOKEN_ID and CLOUDFLEET_ACCESS_TOKEN_SECRET, or access_token_id " +
			"and access_token_secret in the provider block. Create a token with the role Administrator in the Cloudfleet " +
			"Console under API tokens, or with `cloudfleet tokens create`."
	case errors.Is(err, ErrNotYetKnown):
		return "First apply the resources that they come from, for example with -target. If only the refresh needs them, plan " +
			"with -refresh=false."
	case errors.Is(err, cloudfleet.ErrOtherOrganization):
		return "Set organization_id, or CLOUDFLEET_ORGANIZATION_ID, to the intended organization, and use an access token of " +
			"that organization."
	case errors.Is(err, context.Canceled):
		return "The run was interrupted. Run it again to go on."
	case !isAnswer:
		return "Check that this machine can reach the API: the network, the proxy (HTTPS_PROXY, NO_PROXY) and the provider's " +
			"endpoint. Then run it again."
	}
	switch status := apiError.StatusCode; {
	case apiError.Foreign:
		return "The API is not the one that this version of the provider knows. Upgrade the provider. If it is the latest version, run " +
			"`make verify-account` in its repository, which says what differs, and report that."
	case status == http.StatusUnauthorized:
		return "Check CLOUDFLEET_ACCESS_TOKEN_ID and CLOUDFLEET_ACCESS_TOKEN_SECRET, or access_token_id and access_token_secret in the " +
			"provider block: the token may have been deleted, or its secret regenerated elsewhere."
	case status == http.StatusForbidden:
		return "The provider's access token needs the role Administrator. Check that it is of the organization you mean."
	case status == http.StatusNotFound, status == http.StatusGone:
		return "If it was deleted elsewhere, run a new plan: the refresh removes it from the state, as `terraform state rm` " +
			"does. In an import, check the ID. If everything is missing, check the provider's endpoint and the organization " +
			"of its access token."
	case status == http.StatusConflict:
		return "Something else changed it at the same time. Run it again."
	case status == http.StatusBadRequest, status == http.StatusUnprocessableEntity:
		return "Correct the configuration as the message says, then run it again."
	case status == http.StatusTooManyRequests && apiError.RetryAfter != "":
		return fmt.Sprintf(
			"Wait as the API asks (Retry-After: %s), then run it again. Fewer calls at a time help too: -parallelism=2.",
			apiError.RetryAfter,
		)
	case status == http.StatusTooManyRequests:
		return "Wait a minute, then run it again. Fewer calls at a time help too: -parallelism=2."
	case status >= 500:
		return "Run it again in a few minutes. If it persists, give the request ID to Cloudfleet's support."
	default:
		return "Check the provider's endpoint, and proxies and gateways on the way to it. If they are correct, please report " +
			"this as a bug in the provider."
	}
}
