package protocoltest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
)

const typeName = "cloudfleet_api_token"

func config(name string) map[string]any { return map[string]any{"name": name, "role": "User"} }

func clean(t *testing.T, diags protocoltest.Diags) {
	t.Helper()
	if len(diags) > 0 {
		t.Fatal(diags)
	}
}

func TestLifeOfAResource(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	p := protocoltest.Start(t, cloud, nil)
	r := p.Resource(typeName)

	planned, diags := r.Plan(t.Context(), config("ci"))
	clean(t, diags)
	if planned["name"] != "ci" || planned["secret"] != protocoltest.Unknown || r.State() != nil || len(cloud.Issued()) > 0 {
		t.Errorf("planned %v, and now it is %v", planned, r.State())
	}
	clean(t, r.Apply(t.Context(), config("ci")))
	created, id := r.State(), r.Text("id")
	if created["secret_version"] == int64(0) || created["rotation_trigger"] != nil || !cloud.Accepts(id, r.Text("secret")) {
		t.Errorf("created %v", created)
	}

	cloud.ForgetRequests()
	clean(t, r.Refresh(t.Context()))
	clean(t, r.Apply(t.Context(), config("ci")))
	if writes := cloud.Writes(); len(writes) > 0 || len(cloud.Requests()) != 1 {
		t.Errorf("nothing to change, and yet: %v", cloud.Requests())
	}
	clean(t, r.Apply(t.Context(), config("cd")))
	if r.State()["name"] != "cd" || r.State()["secret"] != created["secret"] {
		t.Errorf("renamed to %v", r.State())
	}
	if diags := r.Apply(t.Context(), config(" cd")); !diags.HasError() || !strings.Contains(diags.String(), `AttributeName("name")`) {
		t.Errorf("a name that is not valid: %v", diags)
	}

	other := p.Resource(typeName)
	if diags := other.Import(t.Context(), id); diags.HasError() {
		t.Fatal(diags)
	}
	if other.State()["name"] != "cd" || other.State()["secret"] != nil {
		t.Errorf("imported %v", other.State())
	}
	clean(t, r.Destroy(t.Context()))
	clean(t, r.Destroy(t.Context()))
	clean(t, other.Refresh(t.Context()))
	if r.State() != nil || other.State() != nil || len(cloud.Issued()) > 0 {
		t.Errorf("after a delete: %v, %v", r.State(), other.State())
	}
	if diags := other.Import(t.Context(), id); !strings.Contains(diags.String(), "Cannot import API token") {
		t.Errorf("imported what is gone: %v", diags)
	}
}

// Core keeps what a failed create left behind, and replaces it.
func TestTaint(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	r := protocoltest.Start(t, cloud, map[string]any{"organization_id": nil}).Resource(typeName)
	const id = "2iKo4Asy51EUx2gpJFW76t"
	cloud.Intercept(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				w.WriteHeader(http.StatusCreated)
				_, _ = w.Write([]byte(`{"id": "` + id + `", "name": "ci", "role": "User"}`))
				return
			}
			w.WriteHeader(http.StatusInternalServerError)
		})
	})
	if diags := r.Apply(t.Context(), config("ci")); !diags.HasError() || !r.Tainted() || r.State()["id"] != id {
		t.Errorf("a create without a secret: %v, state %v", diags, r.State())
	}
	if diags := r.Apply(
		t.Context(),
		config("ci"),
	); !strings.Contains(diags.String(), "Could not delete") || !r.Tainted() ||
		r.State()["id"] != id {
		t.Errorf("a replacement whose delete fails: %v, state %v", diags, r.State())
	}
	cloud.Intercept(nil)
	clean(t, r.Apply(t.Context(), config("ci")))
	if r.Tainted() || r.State()["id"] == id {
		t.Errorf("the replacement: %v", r.State())
	}
}

func TestData(t *testing.T) {
	t.Parallel()
	p := protocoltest.Start(
		t,
		acctest.Start(t, mockserver.Options{}),
		map[string]any{"registry_domain": "registry.test", "organization_id": nil},
	)
	organization := "3b241101-e2bb-4255-8caf-4136c566a962"
	got, diags := p.Data(t.Context(), "cloudfleet_registry", map[string]any{"organization_id": organization, "region": "apac"})
	if clean(t, diags); got["hostname"] != organization+".apac.registry.test" {
		t.Errorf("got %v", got)
	}
	if got, diags := p.Data(t.Context(), "cloudfleet_registry", nil); !diags.HasError() || got["hostname"] != nil {
		t.Errorf("without an organization: %v, %v", got, diags)
	}
}
