package rotatingtoken_test

import (
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// The secrets in secret_wo and previous_secret_wo are stored, each by itself or both.
func TestAdoptSecrets(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ current, previous bool }{
		"both": {true, true}, "current": {true, false}, "previous": {false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRotating(t)
			config := tokentest.Arguments("ci", "b")
			r.apply(tokentest.Arguments("ci", "a"), config)
			before := r.State()
			p := protocoltest.Start(t, r.cloud, nil)
			imported := p.Resource(rotatingType)
			if diags := imported.Import(t.Context(), r.Text("token_id")+","+r.Text("previous_token_id")); len(diags) > 0 {
				t.Fatal(diags)
			}
			want := map[string]any{"secret": nil, "previous_secret": nil}
			if test.current {
				config["secret_wo"], want["secret"] = before["secret"], before["secret"]
			}
			if test.previous {
				config["previous_secret_wo"], want["previous_secret"] = before["previous_secret"], before["previous_secret"]
			}
			r.cloud.ForgetRequests()
			diags := imported.Apply(t.Context(), config)
			if warns := strings.Contains(diags.String(), "is not known"); diags.HasError() || warns == test.current {
				t.Fatal(diags)
			}
			for attribute, secret := range want {
				if imported.State()[attribute] != secret {
					t.Errorf("%s is %v, want %v", attribute, imported.State()[attribute], secret)
				}
			}
			if version, _ := imported.State()["secret_version"].(int64); (version > 0) != test.current || len(r.cloud.Writes()) > 0 {
				t.Errorf("the version is %d, and it has sent %v", version, r.cloud.Writes())
			}
			if planned, diags := imported.Plan(t.Context(), config); diags.HasError() || planned["secret"] != imported.State()["secret"] {
				t.Errorf("the next plan is %v. %s", planned, diags)
			}
		})
	}
}

// The secret of one token is not accepted for the other.
func TestAdoptOfTheWrongSlot(t *testing.T) {
	t.Parallel()
	r := startRotating(t)
	config := tokentest.Arguments("ci", "b")
	r.apply(tokentest.Arguments("ci", "a"), config)
	imported := protocoltest.Start(t, r.cloud, nil).Resource(rotatingType)
	if diags := imported.Import(t.Context(), r.Text("token_id")+","+r.Text("previous_token_id")); len(diags) > 0 {
		t.Fatal(diags)
	}
	config["secret_wo"] = r.Text("previous_secret")
	diags := imported.Apply(t.Context(), config)
	if !diags.HasError() || !strings.Contains(diags.String(), "Cloudfleet rejects this secret") || imported.State()["secret"] != nil {
		t.Errorf("%v: %s", imported.State(), diags)
	}
}
