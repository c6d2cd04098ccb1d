package rotatingtoken_test

import (
	"net/http"
	"reflect"
	"slices"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
)

// rotatingToken is the token under test.
type rotatingToken struct {
	*protocoltest.Resource
	t     *testing.T
	cloud *acctest.Cloud
}

func startRotating(t *testing.T) rotatingToken {
	cloud := acctest.Start(t, mockserver.Options{})
	return rotatingToken{protocoltest.Start(t, cloud, nil).Resource("cloudfleet_rotating_api_token"), t, cloud}
}

func (r rotatingToken) apply(configs ...map[string]any) {
	r.t.Helper()
	for _, config := range configs {
		if diags := append(r.Refresh(r.t.Context()), r.Apply(r.t.Context(), config)...); diags.HasError() {
			r.t.Fatal(diags)
		}
	}
}

// accepts reports whether the secret in these attributes is accepted.
func (r rotatingToken) accepts(state map[string]any, id, secret string) bool {
	text := func(name string) string { s, _ := state[name].(string); return s }
	return r.cloud.Accepts(text(id), text(secret))
}

// prepare applies what comes before the change.
func (r rotatingToken) prepare(c change) {
	r.t.Helper()
	r.apply(c.before...)
	if c.gone != "" {
		deleteElsewhere(r.t, r.cloud, r.Text(c.gone))
		if diags := r.Refresh(r.t.Context()); diags.HasError() {
			r.t.Fatal(diags)
		}
	}
	r.cloud.ForgetRequests()
}

func deleteElsewhere(t *testing.T, cloud *acctest.Cloud, id string) {
	t.Helper()
	call(t, cloud, http.MethodDelete, "/tokens/"+id, "")
}

// arrived checks that the goal is reached and that the next plan is empty.
func (r rotatingToken) arrived(goal map[string]any, leftovers int) {
	r.t.Helper()
	state, issued := r.State(), r.cloud.Issued()
	if goal == nil {
		if state != nil || len(issued) > 0 {
			r.t.Errorf("after a destroy there are %v in the state and %v", state, issued)
		}
		return
	}
	want := map[string]any{"id": state["token_id"], "previous_id": state["previous_token_id"]}
	if identity := r.Identity(); !reflect.DeepEqual(identity, want) {
		r.t.Errorf("the identity is %v, want %v", identity, want)
	}
	for name, value := range goal {
		if state[name] != value {
			r.t.Errorf("%s is %v, want %v", name, state[name], value)
		}
	}
	slots := []any{state["token_id"]}
	if !r.accepts(state, "token_id", "secret") {
		r.t.Error("the current secret is rejected")
	}
	if state["previous_token_id"] != nil {
		slots = append(slots, state["previous_token_id"])
		if !r.accepts(state, "previous_token_id", "previous_secret") {
			r.t.Error("the previous secret is rejected")
		}
		if goal["keep_previous"] == false {
			r.t.Error("the previous token was kept")
		}
	}
	for _, token := range issued {
		if slices.Contains(slots, any(token.ID)) && (token.Name != goal["name"] || token.Role != goal["role"]) {
			r.t.Errorf("a token is %v", token)
		}
	}
	if len(issued) != len(slots)+leftovers {
		r.t.Errorf("want %v and %d leftovers, got %v", slots, leftovers, issued)
	}
	if diags := r.Refresh(r.t.Context()); len(diags) > 0 {
		r.t.Error(diags)
	}
	if plan, diags := r.Plan(r.t.Context(), goal); len(diags) > 0 || !reflect.DeepEqual(plan, r.State()) || !reflect.DeepEqual(plan, state) {
		r.t.Errorf("after %v another apply would make %v: %v", state, plan, diags)
	}
}

func countSlots(state map[string]any) (count int) {
	for _, name := range []string{"token_id", "previous_token_id"} {
		if state[name] != nil {
			count++
		}
	}
	return count
}

func versionOf(state map[string]any) int64 {
	version, _ := state["secret_version"].(int64)
	return version
}
