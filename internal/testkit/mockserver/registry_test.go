package mockserver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// registry reads the API version of the registry in europe.
func (a api) registry(t *testing.T, authorization func(*http.Request)) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.url+"/v2/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = a.OrganizationID + ".europe.localhost" + strings.TrimPrefix(a.url, "http://127.0.0.1")
	authorization(req)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

func (a api) basic(req *http.Request) { req.SetBasicAuth(a.TokenID, a.TokenSecret) }

func TestRegistryKnowsTheTokens(t *testing.T) {
	t.Parallel()
	admin := start(t, mockserver.Options{})
	issued := admin.create(t, "ci")
	before := admin.as(issued.ID, issued.Secret)
	regenerated := func() api {
		return admin.as(issued.ID, admin.call(t, http.MethodPost, "/tokens/"+issued.ID+"/regenerate", "").token(t).Secret)
	}
	if got := before.registry(t, before.basic); got != http.StatusOK {
		t.Errorf("got %d", got)
	}
	after := regenerated()
	if got := before.registry(t, before.basic); got != http.StatusUnauthorized {
		t.Errorf("got %d with the old secret", got)
	}
	if got := after.registry(t, after.basic); got != http.StatusOK {
		t.Errorf("got %d with the new secret", got)
	}
	wantStatus(t, admin.call(t, http.MethodDelete, "/tokens/"+issued.ID, ""), http.StatusNoContent)
	if got := after.registry(t, after.basic); got != http.StatusUnauthorized {
		t.Errorf("got %d after the token was deleted", got)
	}
}

// The API's log has no requests for layers and manifests, and a fault of the API does not
// affect the registry.
func TestRegistryIsApartFromTheAPI(t *testing.T) {
	t.Parallel()
	admin := start(t, mockserver.Options{})
	admin.Intercept(func(http.Handler) http.Handler { return http.NotFoundHandler() })
	for range 3 {
		if got := admin.registry(t, admin.basic); got != http.StatusOK {
			t.Errorf("got %d", got)
		}
	}
	if api, registry := len(admin.Requests()), len(admin.RegistryRequests()); api != 0 || registry != 3 {
		t.Errorf("%d requests to the API, %d to the registry", api, registry)
	}
	admin.ForgetRequests()
	if left := len(admin.RegistryRequests()); left != 0 {
		t.Errorf("%d requests to the registry were not forgotten", left)
	}
}

func TestRegistryWithATokenService(t *testing.T) {
	t.Parallel()
	admin := start(t, mockserver.Options{RegistryBearer: true})
	if got := admin.registry(t, admin.basic); got != http.StatusUnauthorized {
		t.Errorf("got %d for ID and secret themselves", got)
	}
}
