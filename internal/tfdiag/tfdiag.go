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
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
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

// cause is a cause of an error of the API, and what to do about it. The first that fits
// counts. answer is nil if there was none.
type cause struct {
	is   func(err error, answer *cloudfleet.Error) bool
	next string
}

func answered(is func(*cloudfleet.Error) bool) func(error, *cloudfleet.Error) bool {
	return func(_ error, answer *cloudfleet.Error) bool { return answer != nil && is(answer) }
}

func hasStatus(statuses ...int) func(error, *cloudfleet.Error) bool {
	return answered(func(e *cloudfleet.Error) bool { return slices.Contains(statuses, e.StatusCode) })
}

func isError(target error) func(error, *cloudfleet.Error) bool {
	return func(err error, _ *cloudfleet.Error) bool { return errors.Is(err, target) }
}

var causes = []cause{
	{isError(cloudfleet.ErrNoCredentials), "Set the environment variables CLOUDFLEET_ACCESS_TOKEN_ID and CLOUDFLEET_ACCESS_TOKEN_SECRET, or " +
		"access_token_id and access_token_secret in the provider block. Create a token with the role Administrator in the Cloudfleet " +
		"Console under API tokens, or with `cloudfleet tokens create`."},
	{
		isError(ErrNotYetKnown),
		"First apply the resources that they come from, for example with -target. If only the refresh needs them, plan " +
			"with -refresh=false.",
	},
	{
		isError(cloudfleet.ErrOtherOrganization),
		"Set organization_id, or CLOUDFLEET_ORGANIZATION_ID, to the intended organization, and use an " +
			"access token of that organization.",
	},
	{isError(context.Canceled), "The run was interrupted. Run it again to go on."},
	{func(err error, _ *cloudfleet.Error) bool {
		_, is := errors.AsType[roundtrip.GaveUpError](err)
		return is
	},
		"Wait until the API's limit is over, then run it again. Fewer calls at a time help too: -parallelism=2."},
	{
		func(_ error, answer *cloudfleet.Error) bool { return answer == nil },
		"Check that this machine can reach the API: the network, the proxy " +
			"(HTTPS_PROXY, NO_PROXY) and the provider's endpoint. Then run it again.",
	},
	{
		answered(func(e *cloudfleet.Error) bool { return e.Foreign }),
		"The API is not the one that this version of the provider knows. Upgrade the " +
			"provider. If it is the latest version, run `make verify-account` in its repository, which says what differs, and report that.",
	},
	{hasStatus(http.StatusUnauthorized), "Check CLOUDFLEET_ACCESS_TOKEN_ID and CLOUDFLEET_ACCESS_TOKEN_SECRET, or access_token_id and " +
		"access_token_secret in the provider block: the token may have been deleted, or its secret regenerated elsewhere."},
	{
		hasStatus(http.StatusForbidden),
		"The provider's access token needs the role Administrator. Check that it is of the organization you mean.",
	},
	{
		answered(cloudfleet.IsWrongEndpoint),
		"Check the provider's endpoint (CLOUDFLEET_ENDPOINT): nothing of the API is there. It ends with the " +
			"version, as in " + cloudfleet.DefaultEndpoint + ". Then run a new plan.",
	},
	{
		hasStatus(http.StatusNotFound, http.StatusGone),
		"If it was deleted elsewhere, run a new plan: the refresh removes it from the state, as " +
			"`terraform state rm` does. In an import, check the ID. If everything is missing, check the provider's endpoint and the organization " +
			"of its access token.",
	},
	{hasStatus(http.StatusConflict), "Something else changed it at the same time. Run it again."},
	{hasStatus(http.StatusBadRequest, http.StatusUnprocessableEntity), "Correct the configuration as the message says, then run it again."},
	{hasStatus(http.StatusTooManyRequests), "Wait a minute, or as long as the API asks, then run it again. Fewer calls at a time help too: " +
		"-parallelism=2."},
	{
		answered(func(e *cloudfleet.Error) bool { return e.StatusCode >= http.StatusInternalServerError }),
		"Run it again in a few minutes. If it " +
			"persists, give the request ID to Cloudfleet's support.",
	},
	{
		func(error, *cloudfleet.Error) bool { return true },
		"Check the provider's endpoint, and proxies and gateways on the way to it. If they are " +
			"correct, please report this as a bug in the provider.",
	},
}

func nextStep(err error) string {
	answer, _ := errors.AsType[*cloudfleet.Error](err)
	i := slices.IndexFunc(causes, func(c cause) bool { return c.is(err, answer) })
	next := causes[i].next
	if answer != nil && answer.StatusCode == http.StatusTooManyRequests && answer.RetryAfter != "" {
		next = "The API asks to wait (Retry-After: " + answer.RetryAfter + "). " + next
	}
	return next
}
