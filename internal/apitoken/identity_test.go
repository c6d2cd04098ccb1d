package apitoken_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
)

// managed is a token in a state, over the protocol.
func managed(t *testing.T, p *protocoltest.Provider) *protocoltest.Resource {
	t.Helper()
	r := p.Resource("cloudfleet_api_token")
	if diags := r.Apply(t.Context(), map[string]any{"name": "ci", "role": "User"}); len(diags) > 0 {
		t.Fatal(diags)
	}
	return r
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	p := protocoltest.Start(t, cloud, nil)
	r := managed(t, p)
	identity := map[string]any{"id": r.Text("id"), "previous_id": nil}
	step := func(what string, r *protocoltest.Resource, diags protocoltest.Diags) {
		t.Helper()
		if diags.HasError() || !reflect.DeepEqual(r.Identity(), identity) {
			t.Errorf("%s: the identity is %v, want %v. %s", what, r.Identity(), identity, diags)
		}
	}
	renamed := func(name string) map[string]any { return map[string]any{"name": name, "role": "User"} }
	step("create", r, nil)
	step("read", r, r.Refresh(t.Context()))
	step("update", r, r.Apply(t.Context(), renamed("second")))
	r.ForgetIdentity()
	step("read of an older state", r, r.Refresh(t.Context()))
	r.ForgetIdentity()
	step("update of an older state", r, r.Apply(t.Context(), renamed("third")))

	byID, byIdentity := p.Resource("cloudfleet_api_token"), p.Resource("cloudfleet_api_token")
	step("import by ID", byID, byID.Import(t.Context(), r.Text("id")))
	step("import by identity", byIdentity, byIdentity.ImportByIdentity(t.Context(), identity))
	if !reflect.DeepEqual(byID.State(), byIdentity.State()) || byID.State()["name"] != "third" {
		t.Errorf("imported by ID: %v, by identity: %v", byID.State(), byIdentity.State())
	}

	byIdentity.ForgetIdentity()
	if diags := r.Destroy(t.Context()); len(diags) > 0 {
		t.Fatal(diags)
	}
	for name, gone := range map[string]*protocoltest.Resource{"an older state": byIdentity, "a state": byID} {
		if diags := gone.Refresh(t.Context()); len(diags) > 0 || gone.State() != nil {
			t.Errorf("a token that is gone is still in %s: %v. %s", name, gone.State(), diags)
		}
	}
}

// The token of a failed create can be found.
func TestIdentityOfATaintedToken(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	cloud.Intercept(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write([]byte(`{"id": "2iKo4Asy51EUx2gpJFW76t", "name": "ci", "role": "User"}`))
		})
	})
	r := protocoltest.Start(t, cloud, map[string]any{"organization_id": nil}).Resource("cloudfleet_api_token")
	diags := r.Apply(t.Context(), map[string]any{"name": "ci", "role": "User"})
	if !diags.HasError() || !r.Tainted() || r.Identity()["id"] != "2iKo4Asy51EUx2gpJFW76t" {
		t.Errorf("the identity is %v. %s", r.Identity(), diags)
	}
}

func TestImportOfWhatIsNoToken(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	p := protocoltest.Start(t, cloud, nil)
	for id, want := range map[string]string{
		"2iKo4Asy51EUx2gpJFW76t": "Cannot import API token 2iKo4Asy51EUx2gpJFW76t",
		"../organization":        "Invalid i",
		"":                       "Invalid i",
	} {
		r := p.Resource("cloudfleet_api_token")
		for way, diags := range map[string]protocoltest.Diags{
			"ID": r.Import(t.Context(), id), "identity": r.ImportByIdentity(t.Context(), map[string]any{"id": id}),
		} {
			if !strings.Contains(diags.String(), want) || r.State() != nil {
				t.Errorf("imported %q by %s: %v. %s", id, way, r.State(), diags)
			}
		}
	}
}

func TestAccIdentity(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	acctest.Need(t, acctest.Identities)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories,
		CheckDestroy:             cloud.CheckDestroy,
		Steps: []resource.TestStep{
			{
				Config:            cloud.ProviderBlock() + token("ci", "User"),
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectIdentityValueMatchesState(address, attribute("id"))},
			},
			{ResourceName: address, ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity},
		},
	})
}

// The configuration that `terraform plan -generate-config-out` writes needs no change.
func TestAccGeneratedConfiguration(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	cloud.RunWith(t, acctest.Generation,
		resource.TestStep{Config: token("ci", "User", trigger("a"))},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateKind: resource.ImportBlockWithID, GenerateConfig: true,
		},
	)
}
