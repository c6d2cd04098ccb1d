package rotatingtoken_test

import (
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// adoptablePair returns a pair of another state, and an import of it into this one.
func adoptablePair(t *testing.T) (r rotatingToken, imported *protocoltest.Resource, config map[string]any) {
	t.Helper()
	r, config = startRotating(t), tokentest.Arguments("ci", "b")
	r.apply(tokentest.Arguments("ci", "a"), config)
	imported = protocoltest.Start(t, r.cloud, nil).Resource(rotatingType)
	if diags := imported.Import(t.Context(), r.Text("token_id")+","+r.Text("previous_token_id")); len(diags) > 0 {
		t.Fatal(diags)
	}
	r.cloud.ForgetRequests()
	return r, imported, config
}

// The secret in secret_wo is stored, and becomes the previous one with the next rotation.
func TestAdoptSecret(t *testing.T) {
	t.Parallel()
	r, imported, config := adoptablePair(t)
	config["secret_wo"], config["secret_wo_version"] = r.Text("secret"), 1
	must(t, imported.Apply(t.Context(), config))
	if imported.Text("secret") != r.Text("secret") || imported.State()["previous_secret"] != nil || len(r.cloud.Writes()) > 0 {
		t.Errorf("the state is %v, and it has sent %v", imported.State(), r.cloud.Writes())
	}
	if planned, diags := imported.Plan(t.Context(), config); len(diags) > 0 || planned["secret"] != imported.State()["secret"] {
		t.Errorf("the next plan is %v. %s", planned, diags)
	}
	config["rotation_trigger"] = "c"
	if diags := imported.Apply(t.Context(), config); diags.HasError() || imported.Text("previous_secret") != r.Text("secret") {
		t.Errorf("after a rotation the state is %v. %s", imported.State(), diags)
	}
}

// A rotation in the same apply keeps the secret that was taken over.
func TestAdoptAndRotate(t *testing.T) {
	t.Parallel()
	r, imported, config := adoptablePair(t)
	if diags := imported.Apply(t.Context(), tokentest.Arguments("ci", "b")); diags.HasError() {
		t.Fatal(diags)
	}
	config["secret_wo"], config["secret_wo_version"], config["rotation_trigger"] = r.Text("secret"), 1, "c"
	if diags := imported.Apply(t.Context(), config); diags.HasError() || imported.Text("previous_secret") != r.Text("secret") ||
		!r.cloud.Accepts(imported.Text("token_id"), imported.Text("secret")) {
		t.Errorf("the state is %v. %s", imported.State(), diags)
	}
}

// The secret of one token is not accepted for the other.
func TestAdoptOfTheWrongSlot(t *testing.T) {
	t.Parallel()
	r, imported, config := adoptablePair(t)
	config["secret_wo"], config["secret_wo_version"] = r.Text("previous_secret"), 1
	diags := imported.Apply(t.Context(), config)
	if !diags.HasError() || !strings.Contains(diags.String(), "Cloudfleet rejects this secret") || imported.State()["secret"] != nil {
		t.Errorf("%v: %s", imported.State(), diags)
	}
}
