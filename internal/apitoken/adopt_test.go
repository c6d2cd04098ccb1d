package apitoken_test

import (
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
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
	config["secret_wo"], config["secret_wo_version"] = secret, 1
	maps.Copy(config, more)
	return config
}

// The secret in secret_wo is stored: nothing is issued, and a new version tells
// consumers. The secret itself may be null in the plan.
func TestAdoptSecret(t *testing.T) {
	t.Parallel()
	key := ageIdentity(t)
	encryptTo := map[string]any{"encrypt_to": map[string]any{"age_recipients": []any{key.Recipient().String()}}}
	for name, more := range map[string]map[string]any{"plain": nil, "encrypted": encryptTo} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, imported, secret := adoptable(t)
			config := withSecret(secret, more)
			planned, diags := imported.Plan(t.Context(), withSecret(nil, more))
			if len(diags) > 0 || planned["secret_version"] != protocoltest.Unknown || planned["id"] != imported.Text("id") ||
				planned["secret_wo"] != nil {
				t.Errorf("the plan is %v. %s", planned, diags)
			}
			if diags := imported.Apply(t.Context(), config); len(diags) > 0 {
				t.Fatal(diags)
			}
			got := imported.Text("secret")
			if more != nil {
				opened, err := sealing.DecryptAge(tokentest.Ciphertext(imported.State(), "age"), key.String())
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

// Without a change of the version, secret_wo is ignored. With one it must be set, and
// nothing else is done in its place.
func TestSecretWithoutAVersion(t *testing.T) {
	t.Parallel()
	cloud, imported, secret := adoptable(t)
	encryptTo := map[string]any{"age_recipients": []any{ageIdentity(t).Recipient().String()}}
	ignored := withSecret("cf_secret_of_another", map[string]any{"secret_wo_version": nil, "encrypt_to": encryptTo})
	if diags := imported.Apply(t.Context(), ignored); diags.HasError() || !cloud.Accepts(imported.Text("id"), secret) {
		t.Fatalf("%v: %s", imported.State(), diags)
	}
	missing := withSecret(nil, map[string]any{"encrypt_to": encryptTo})
	if _, diags := imported.Plan(t.Context(), missing); diags.HasError() {
		t.Errorf("the secret may be set in the apply: %s", diags)
	}
	cloud.ForgetRequests()
	diags := imported.Apply(t.Context(), missing)
	if requests := cloud.Requests(); !strings.Contains(diags.String(), "secret_wo") || !diags.HasError() || len(requests) > 0 {
		t.Errorf("called %v: %s", requests, diags)
	}
	created := protocoltest.Start(t, cloud, nil).Resource(listType)
	if diags := created.Apply(t.Context(), missing); len(diags) > 0 {
		t.Errorf("a create: %s", diags)
	}
}

// A secret that was regenerated elsewhere takes the place of the one in the state, even if
// the state's is known to be rejected or is due.
func TestAdoptInPlaceOfAnotherSecret(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	token := protocoltest.Start(t, cloud, nil).Resource(listType)
	config := withSecret(nil, map[string]any{"verify_secret": true, "secret_wo_version": nil})
	if diags := token.Apply(t.Context(), config); len(diags) > 0 {
		t.Fatal(diags)
	}
	newer, _, err := client(t, cloud).RegenerateToken(t.Context(), cloudfleet.KnownToken{ID: token.Text("id")})
	if err != nil {
		t.Fatal(err)
	}
	token.Set(map[string]any{"secret_issued_at": "2026-01-02T03:04:05Z"})
	if diags := token.Refresh(t.Context()); !strings.Contains(diags.String(), "secret_wo_version") {
		t.Errorf("the refresh says %s", diags)
	}
	config = withSecret(newer.Secret, map[string]any{"verify_secret": true, "rotate_after_days": 30})
	cloud.ForgetRequests()
	if diags := token.Apply(t.Context(), config); len(diags) > 0 || token.Text("secret") != newer.Secret || len(cloud.Writes()) > 0 {
		t.Errorf("the state is %v, and it has sent %v: %s", token.State(), cloud.Writes(), diags)
	}
	if token.State()["secret_issued_at"] != nil || token.Text("rotation_due") == "" {
		t.Errorf("the days do not count from now: %v", token.State())
	}
	if planned, diags := token.Plan(t.Context(), config); len(diags) > 0 || !reflect.DeepEqual(planned, token.State()) {
		t.Errorf("the next plan is %v. %s", planned, diags)
	}
}

func TestPlanOfAnImportWarns(t *testing.T) {
	t.Parallel()
	_, imported, secret := adoptable(t)
	for name, test := range map[string]struct {
		config map[string]any
		warns  bool
	}{
		"without the secret": {withSecret(nil, map[string]any{"secret_wo_version": nil}), true},
		"with the secret":    {withSecret(secret, nil), false},
		"version not known":  {withSecret(secret, map[string]any{"secret_wo_version": protocoltest.Unknown}), false},
	} {
		_, diags := imported.Plan(t.Context(), test.config)
		if warns := strings.Contains(diags.String(), "is not known"); warns != test.warns || diags.HasError() {
			t.Errorf("%s: %s", name, diags)
		}
	}
}
