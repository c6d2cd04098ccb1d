package tfdiag

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
)

func TestEveryErrorOfARegistrySaysWhatToDoNext(t *testing.T) {
	_, unanswered := unreachable(t).Repositories(t.Context())
	for err, step := range map[error]string{
		context.Canceled:            "interrupted",
		unanswered:                  "HTTPS_PROXY",
		errors.New("not JSON"):      "push it again",
		&oci.Error{StatusCode: 401}: "organization_id",
		&oci.Error{StatusCode: 403}: "Check its role",
		&oci.Error{StatusCode: 404}: "registry_domain",
		&oci.Error{StatusCode: 418}: "report this",
		&oci.Error{StatusCode: 429}: "Wait a minute",
		&oci.Error{StatusCode: 502}: "in a few minutes",
	} {
		diags := FromRegistryError("Could not do it", "registry.test", err)
		if len(diags) != 1 || !strings.Contains(diags[0].Detail(), step) {
			t.Errorf("%v: %v", err, diags)
		}
	}
}

func unreachable(t *testing.T) *oci.Client {
	t.Helper()
	client, err := oci.New(oci.Options{Host: "localhost:1", Domain: "localhost:1", RequestTimeout: 1e9})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestAnswerOfARegistry(t *testing.T) {
	err := &oci.Error{Method: "GET", Path: "/v2/_catalog", StatusCode: 403, Code: "DENIED", Message: "not for you"}
	want := diag.NewErrorDiagnostic(
		"Could not do it",
		"The registry registry.test answered 403 Forbidden (DENIED) to GET /v2/_catalog: not for you.\n\n"+
			nextStepAtRegistry(403),
	)
	if got := FromRegistryError("Could not do it", "registry.test", err); len(got) != 1 || !got[0].Equal(want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}
