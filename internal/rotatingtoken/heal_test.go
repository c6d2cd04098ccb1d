package rotatingtoken_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
)

// A token that was deleted elsewhere is replaced, and the other is not changed: the
// current one by the next apply, the previous one, whose secret nobody would have, by the
// next rotation.
func TestRotatingTokenHeals(t *testing.T) {
	t.Parallel()
	keep, rotate := rotatingConfig("ci", "b", true), rotatingConfig("ci", "c", true)
	for name, test := range map[string]struct {
		gone        string
		goal        map[string]any
		unknown     bool
		version     int64
		hasPrevious bool
	}{
		"current":                {"token_id", keep, true, 3, true},
		"current, rotation":      {"token_id", rotate, true, 3, true},
		"previous":               {"previous_token_id", keep, false, 2, false},
		"previous, rotation":     {"previous_token_id", rotate, true, 3, true},
		"current, drop":          {"token_id", rotatingConfig("ci", "b", false), true, 3, false},
		"previous, already gone": {"previous_token_id", rotatingConfig("ci", "b", false), false, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRotating(t)
			r.apply(two...)
			before := r.State()
			r.prepare(change{gone: test.gone})
			plan, diags := r.Plan(t.Context(), test.goal)
			if diags.HasError() {
				t.Fatal(diags)
			}
			for _, name := range []string{"token_id", "secret", "secret_version", "secret_issued_at"} {
				if unknown := plan[name] == protocoltest.Unknown; unknown != test.unknown {
					t.Errorf("the plan has %s = %v", name, plan[name])
				}
			}
			r.apply(test.goal)
			r.arrived(test.goal, 0)
			after := r.State()
			if issued := versionOf(
				after,
			) > versionOf(
				before,
			); issued != (test.version == 3) ||
				(after["previous_secret"] != nil) != test.hasPrevious {
				t.Errorf("healed to %v", after)
			}
			if test.gone == "token_id" && test.hasPrevious && after["previous_secret"] != before["previous_secret"] ||
				test.gone == "previous_token_id" && !r.accepts(before, "token_id", "secret") {
				t.Errorf("the other slot was touched: %v", after)
			}
		})
	}
}

func TestRotatingTokenWithBothGoneIsCreatedAgain(t *testing.T) {
	t.Parallel()
	r := startRotating(t)
	r.apply(two...)
	deleteElsewhere(t, r.cloud, r.Text("token_id"))
	r.prepare(change{gone: "previous_token_id"})
	if r.State() != nil {
		t.Errorf("nothing is left, and the state has %v", r.State())
	}
	r.apply(one...)
	r.arrived(one[0], 0)
}

// A token that is deleted between plan and apply is no error if the plan can be carried
// out without it.
func TestRotatingTokenGoneSinceThePlan(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		gone  []string
		goal  map[string]any
		error string
	}{
		"rotation":          {[]string{"previous_token_id"}, rotatingConfig("ci", "c", true), ""},
		"drop":              {[]string{"previous_token_id"}, rotatingConfig("ci", "b", false), ""},
		"destroy":           {[]string{"previous_token_id", "token_id"}, nil, ""},
		"rename":            {[]string{"previous_token_id"}, rotatingConfig("cd", "b", true), "Could not update API token"},
		"rename of current": {[]string{"token_id"}, rotatingConfig("cd", "b", true), "Could not update API token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRotating(t)
			r.apply(two...)
			for _, name := range test.gone {
				deleteElsewhere(t, r.cloud, r.Text(name))
			}
			diags := r.Apply(t.Context(), test.goal)
			if diags.HasError() != (test.error != "") || !strings.Contains(diags.String(), test.error) {
				t.Fatal(diags)
			}
			if test.error != "" {
				r.apply(test.goal)
			}
			r.arrived(test.goal, 0)
		})
	}
}

// For every configuration, two tokens that differ are made the same.
func TestRotatingTokenDrift(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"name": `{"name": "cd", "role": "User"}`,
		"role": `{"name": "ci", "role": "Administrator"}`,
		"both": `{"name": "cd", "role": "Administrator"}`,
	} {
		for _, slot := range []string{"token_id", "previous_token_id"} {
			for _, goal := range []string{"ci", "cd"} {
				t.Run(name+" of "+slot+" to "+goal, func(t *testing.T) {
					t.Parallel()
					r := startRotating(t)
					r.apply(two...)
					before := r.State()
					call(t, r.cloud, http.MethodPut, "/tokens/"+r.Text(slot), body)
					if diags := r.Refresh(t.Context()); diags.HasError() || !strings.Contains(diags.String(), "differ") {
						t.Error(diags)
					}
					config := rotatingConfig(goal, "b", true)
					r.apply(config)
					r.arrived(config, 0)
					if r.Text("secret") != before["secret"] || r.Text("previous_secret") != before["previous_secret"] {
						t.Error("a secret has changed")
					}
				})
			}
		}
	}
}

// Only the API's own answer that a token is gone removes it from the state.
func TestRotatingTokenIsKeptWhereReadingFails(t *testing.T) {
	t.Parallel()
	r := startRotating(t)
	r.apply(two...)
	for _, slot := range []string{"token_id", "previous_token_id"} {
		for _, status := range []int{401, 403, 404, 409, 500} {
			before := r.State()
			r.Use(protocoltest.Start(t, r.cloud, nil)) // after many reads one would list instead
			r.cloud.Intercept(func(api http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					if strings.HasSuffix(req.URL.Path, "/"+r.Text(slot)) {
						decline(status, "broken", nil)(api, w, req)
						return
					}
					api.ServeHTTP(w, req)
				})
			})
			diags := r.Refresh(t.Context())
			r.cloud.Intercept(nil)
			if !strings.Contains(diags.String(), "Could not read API token "+r.Text(slot)) {
				t.Error(diags)
			}
			if r.Text("secret") != before["secret"] || r.Text("previous_secret") != before["previous_secret"] {
				t.Errorf("after %d: %v", status, r.State())
			}
		}
	}
}
