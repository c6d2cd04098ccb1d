package tfdiag

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

func TestEveryErrorSaysWhatToDoNext(t *testing.T) {
	for err, step := range map[error]string{
		cloudfleet.ErrNoCredentials:        "CLOUDFLEET_ACCESS_TOKEN_ID",
		ErrNotYetKnown:                     "-target",
		cloudfleet.ErrOtherOrganization:    "CLOUDFLEET_ORGANIZATION_ID",
		context.Canceled:                   "interrupted",
		errors.New("connection refused"):   "HTTPS_PROXY",
		&cloudfleet.Error{StatusCode: 307}: "endpoint",
		&cloudfleet.Error{StatusCode: 400}: "Correct the configuration",
		&cloudfleet.Error{StatusCode: 401}: "CLOUDFLEET_ACCESS_TOKEN_SECRET",
		&cloudfleet.Error{StatusCode: 403}: "role Administrator",
		&cloudfleet.Error{StatusCode: 404, Path: "/v1/tokens/x", Code: "not_found"}: "new plan",
		&cloudfleet.Error{StatusCode: 409}:                                          "at the same time",
		&cloudfleet.Error{StatusCode: 418}:                                          "endpoint",
		&cloudfleet.Error{StatusCode: 422}:                                          "Correct the configuration",
		&cloudfleet.Error{StatusCode: 429}:                                          "Wait a minute",
		&cloudfleet.Error{StatusCode: 500}:                                          "in a few minutes",
		&cloudfleet.Error{StatusCode: 503}:                                          "in a few minutes",
		fmt.Errorf("x: %w", context.Canceled):                                       "interrupted",
		&cloudfleet.Error{StatusCode: 200}:                                          "endpoint",
		&cloudfleet.Error{StatusCode: 429, RetryAfter: "3600"}:                      "Retry-After: 3600",
	} {
		diags := FromError("Could not do it", "", err)
		if len(diags) != 1 || !strings.Contains(diags[0].Detail(), step) {
			t.Errorf("%v: %v", err, diags)
		}
	}
}

func TestAnswerOfTheAPI(t *testing.T) {
	err := &cloudfleet.Error{
		Method: "POST", Path: "/v1/tokens", StatusCode: 422, Code: "validation_failed", Message: "the token is not valid",
		RequestID: "r-1", Details: []cloudfleet.FieldError{{Field: "role", Message: "is too grand"}, {Field: "mood", Message: "is sad"}},
	}
	const answer = "Cloudfleet answered 422 Unprocessable Entity (validation_failed) to POST /v1/tokens: The token is not valid.\n\n"
	const end = "Request ID: r-1\n\nIt may have happened.\n\nCorrect the configuration as the message says, then run it again."
	want := diag.Diagnostics{
		diag.NewAttributeErrorDiagnostic(path.Root("role"), "Could not do it", "Is too grand.\n\n"+answer+end),
		diag.NewErrorDiagnostic("Could not do it", answer+"mood: Is sad.\n\n"+end),
	}
	if got := FromError("Could not do it", "It may have happened.", err, "name", "role"); !got.Equal(want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}
