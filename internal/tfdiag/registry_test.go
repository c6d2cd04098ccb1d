package tfdiag

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
)

func TestEveryErrorOfARegistrySaysWhatToDoNext(t *testing.T) {
	_, unanswered := unreachable(t).Repositories(t.Context())
	for err, step := range map[error]string{
		context.Canceled:                           "interrupted",
		unanswered:                                 "HTTPS_PROXY",
		errors.New("not JSON"):                     "push it again",
		&oci.Error{StatusCode: 401}:                "organization_id",
		&oci.Error{StatusCode: 403, Method: "GET"}: "Check its role",
		&oci.Error{StatusCode: 403, Method: "PUT"}: "role Administrator",
		&oci.Error{StatusCode: 403, Method: "PUT", Message: "quota exceeded"}: "is full",
		&oci.Error{StatusCode: 413}: "is full",
		&oci.Error{StatusCode: 405}: "read-only",
		&oci.Error{StatusCode: 404}: "registry_domain",
		&oci.Error{StatusCode: 418}: "what it refuses",
		&oci.Error{StatusCode: 429}: "Wait as the registry asks",
		&oci.Error{StatusCode: 502}: "in a few minutes",
	} {
		diags := FromRegistryError("Could not do it", Ours, err)
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
	err := &oci.Error{Host: "registry.test", Method: "GET", Path: "/v2/_catalog", StatusCode: 403, Code: "DENIED", Message: "not for you"}
	const want = "The registry registry.test answered 403 Forbidden (DENIED) to GET /v2/_catalog: not for you.\n\n"
	got := FromRegistryError("Could not do it", Ours, err)
	if len(got) != 1 || !strings.HasPrefix(got[0].Detail(), want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

// The registry of a source is somebody else's: nothing about the provider's own is advised.
func TestAdviceAboutASource(t *testing.T) {
	for err, step := range map[error]string{
		&oci.Error{StatusCode: 401}: "docker login",
		&oci.Error{StatusCode: 403}: "source_username",
		&oci.Error{StatusCode: 404}: "Correct the source",
		&oci.Error{StatusCode: 413}: "what it refuses",
		oci.ErrSchema1:              "Build the image again",
		errors.New("not JSON"):      "docker pull",
	} {
		_, next := RegistryAdvice(Foreign, err)
		if !strings.Contains(next, step) || strings.Contains(next, "Administrator") || strings.Contains(next, "organization_id") {
			t.Errorf("%v: %s", err, next)
		}
	}
}
