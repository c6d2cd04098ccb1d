package apitoken_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/sealing"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// adoptable returns a token of another state with its valid secret, and an import of it
// into this one.
func adoptable(t *testing.T) (cloud *acctest.Cloud, imported *protocoltest.Resource, secret string) {
	t.Helper()
	cloud = acctest.Start(t, mockserver.Options{})
	p := protocoltest.Start(t, cloud, nil)
	elsewhere := p.Resource(listType)
	if diags := elsewhere.Apply(t.Context(), tokentest.Arguments("ci", "a")); len(diags) > 0 {
		t.Fatal(diags)
	}
	imported = p.Resource(listType)
	if diags := imported.Import(t.Context(), elsewhere.Text("id")); len(diags) > 0 {
		t.Fatal(diags)
	}
	cloud.ForgetRequests()
	return cloud, imported, elsewhere.Text("secret")
}

func withSecret(secret any, more map[string]any) map[string]any {
	config := tokentest.Arguments("ci", "a")
	config["secret_wo"] = secret
	maps.Copy(config, more)
	return config
}

// The secret in secret_wo is stored: nothing is issued, and a new version tells
// consumers.
func TestAdoptSecret(t *testing.T) {
	t.Parallel()
	key := ageIdentity(t)
	encryptTo := map[string]any{"encrypt_to": map[string]any{"age_recipients": []any{key.Recipient().String()}}}
	for name, more := range map[string]map[string]any{"plain": nil, "encrypted": encryptTo} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, imported, secret := adoptable(t)
			config := withSecret(secret, more)
			planned, diags := imported.Plan(t.Context(), config)
			if len(diags) > 0 || planned["secret_version"] != protocoltest.Unknown || planned["id"] != imported.Text("id") ||
				planned["secret_wo"] != nil {
				t.Errorf("the plan is %v. %s", planned, diags)
			}
			if diags := imported.Apply(t.Context(), config); len(diags) > 0 {
				t.Fatal(diags)
			}
			got := imported.Text("secret")
			if more != nil {
				opened, err := sealing.DecryptAge(imported.Text("encrypted_secret"), key.String())
				if err != nil || imported.State()["secret"] != nil {
					t.Errorf("the state is %v: %v", imported.State(), err)
				}
				got = opened
			}
			if version, _ := imported.State()["secret_version"].(int64); got != secret || version == 0 {
				t.Errorf("the state is %v, and the secret %s", imported.State(), secret)
			}
			if writes := cloud.Writes(); len(writes) > 0 || strings.Contains(imported.Saved(), "secret_wo:cf") {
				t.Errorf("it has sent %v, and saved %s", writes, imported.Saved())
			}
			for what, config := range map[string]map[string]any{"as it was": config, "without secret_wo": withSecret(nil, more)} {
				if planned, diags := imported.Plan(
					t.Context(),
					config,
				); len(diags) > 0 ||
					planned["secret_version"] != imported.State()["secret_version"] {
					t.Errorf("the next plan, %s, is %v. %s", what, planned, diags)
				}
			}
		})
	}
}

// A secret that Cloudfleet rejects is not stored.
func TestAdoptedSecretIsVerified(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given  func(secret string) string
		status int
		want   string
	}{
		"another secret": {func(secret string) string { return secret + "x" }, 0, "Cloudfleet rejects this secret"},
		"an empty one":   {func(string) string { return "" }, 0, "Cloudfleet rejects this secret"},
		"an outage":      {func(secret string) string { return secret }, http.StatusServiceUnavailable, "Could not verify the secret"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, imported, secret := adoptable(t)
			if test.status != 0 {
				cloud.Intercept(func(api http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if id, _, _ := r.BasicAuth(); id == imported.Text("id") {
							w.WriteHeader(test.status)
							return
						}
						api.ServeHTTP(w, r)
					})
				})
			}
			diags := imported.Apply(t.Context(), withSecret(test.given(secret), nil))
			if !diags.HasError() || !strings.Contains(diags.String(), test.want) || strings.Contains(diags.String(), secret) {
				t.Errorf("got %s", diags)
			}
			if state := imported.State(); state["secret"] != nil || state["secret_version"] != int64(0) ||
				!cloud.Accepts(imported.Text("id"), secret) {
				t.Errorf("the state is %v", state)
			}
		})
	}
}

// secret_wo is ignored if the state has a secret, or if one is issued.
func TestSecretThatIsNotAdopted(t *testing.T) {
	t.Parallel()
	cloud, imported, secret := adoptable(t)
	if diags := imported.Apply(t.Context(), withSecret(nil, nil)); diags.HasError() {
		t.Fatal(diags)
	}
	rotated := withSecret("cf_secret_of_another", map[string]any{"rotation_trigger": "b"})
	if diags := imported.Apply(t.Context(), rotated); diags.HasError() || imported.Text("secret") == secret {
		t.Fatalf("%v: %s", imported.State(), diags)
	}
	issued := imported.Text("secret")
	if diags := imported.Apply(t.Context(), rotated); len(diags) > 0 || imported.Text("secret") != issued {
		t.Errorf("%v: %s", imported.State(), diags)
	}
	created := protocoltest.Start(t, cloud, nil).Resource(listType)
	if diags := created.Apply(t.Context(), rotated); len(diags) > 0 || !cloud.Accepts(created.Text("id"), created.Text("secret")) {
		t.Errorf("%v: %s", created.State(), diags)
	}
}

func TestPlanOfAnImportWarns(t *testing.T) {
	t.Parallel()
	_, imported, secret := adoptable(t)
	for name, test := range map[string]struct {
		config map[string]any
		warns  bool
	}{
		"without the secret": {withSecret(nil, nil), true},
		"with the secret":    {withSecret(secret, nil), false},
		"not known yet":      {withSecret(protocoltest.Unknown, nil), false},
	} {
		_, diags := imported.Plan(t.Context(), test.config)
		if warns := strings.Contains(diags.String(), "is not known"); warns != test.warns || diags.HasError() {
			t.Errorf("%s: %s", name, diags)
		}
	}
}
