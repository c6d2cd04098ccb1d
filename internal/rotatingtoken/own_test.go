package rotatingtoken_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
)

// The provider must not lock itself out, whichever of the two tokens is its own.
func TestRotatingTokenLeavesTheProvidersOwnAlone(t *testing.T) {
	t.Parallel()
	config := func(role string, trigger any, keep bool) map[string]any {
		return map[string]any{"name": "ci", "role": role, "rotation_trigger": trigger, "keep_previous": keep}
	}
	const admin = "Administrator"
	encrypted := config(admin, "b", true)
	encrypted["encrypt_to"] = map[string]any{"age_recipients": []any{ageIdentity(t).Recipient().String()}}
	for name, test := range map[string]struct {
		// own says which of the two is the provider's token.
		own  string
		goal map[string]any
		// refused is the error, empty if the change is harmless.
		refused string
	}{
		"destroy, current":         {"token_id", nil, "Refusing to delete"},
		"destroy, previous":        {"previous_token_id", nil, "Refusing to delete"},
		"demote, current":          {"token_id", config("User", "b", true), "Refusing to change the role of"},
		"demote, previous":         {"previous_token_id", config("User", "b", true), "Refusing to change the role of"},
		"rotate, current":          {"token_id", config(admin, "c", true), ""},
		"rotate, previous":         {"previous_token_id", config(admin, "c", true), "in the state as token_id and secret"},
		"drop, current":            {"token_id", config(admin, "b", false), ""},
		"drop, previous":           {"previous_token_id", config(admin, "b", false), "Refusing to delete"},
		"rotate and drop, current": {"token_id", config(admin, "c", false), "Refusing to delete"},
		"encrypt, current":         {"token_id", encrypted, ""},
		"encrypt, previous":        {"previous_token_id", encrypted, ""},
		"rename":                   {"token_id", rotatingConfig("cd", "b", true), ""},
		"perhaps rotate and drop":  {"token_id", config(admin, protocoltest.Unknown, false), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := acctest.Start(t, mockserver.Options{})
			first := protocoltest.Start(t, cloud, nil).Resource("cloudfleet_rotating_api_token")
			for _, trigger := range []string{"a", "b"} {
				if diags := first.Apply(t.Context(), config(admin, trigger, true)); diags.HasError() {
					t.Fatal(diags)
				}
			}
			id, secret := first.Text(test.own), first.Text(strings.Replace(test.own, "token_id", "secret", 1))
			r := protocoltest.Start(
				t,
				cloud,
				map[string]any{"access_token_id": id, "access_token_secret": secret},
			).Resource(
				"cloudfleet_rotating_api_token",
			)
			imported := r.Import(t.Context(), first.Text("token_id")+","+first.Text("previous_token_id"))
			if imported = append(imported, r.Apply(t.Context(), config(admin, "b", true))...); imported.HasError() {
				t.Fatal(imported)
			}

			cloud.ForgetRequests()
			_, diags := r.Plan(t.Context(), test.goal)
			if diags.HasError() != (test.refused != "") || !strings.Contains(diags.String(), test.refused) {
				t.Error(diags)
			}
			if test.goal["rotation_trigger"] == protocoltest.Unknown {
				return
			}
			if diags := r.Apply(t.Context(), test.goal); diags.HasError() != (test.refused != "") {
				t.Error(diags)
			}
			if writes := cloud.Writes(); test.refused != "" && len(writes) > 0 {
				t.Errorf("refused after %v", writes)
			}
			if !cloud.Accepts(id, secret) {
				t.Error("the provider is locked out")
			}
		})
	}
}

// If the roles of the two tokens differ, the provider's own is the Administrator.
func TestRotatingTokenDoesNotDemoteTheProvidersOwnBesideAUser(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	createElsewhere(t, cloud, "ci")
	r := protocoltest.Start(t, cloud, nil).Resource("cloudfleet_rotating_api_token")
	if diags := r.Import(t.Context(), cloud.Issued()[0].ID+","+cloud.TokenID); diags.HasError() {
		t.Fatal(diags)
	}
	const want = "Refusing to change the role of the provider's own API token"
	if _, diags := r.Plan(t.Context(), rotatingConfig("ci", "a", true)); !strings.Contains(diags.String(), want) {
		t.Error(diags)
	}
}

// What the plan cannot know is refused in the apply.
func TestAccRotatingRefusesOwnTokenLate(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	call(t, cloud, "POST", "/tokens", `{"name": "mine", "role": "Administrator"}`)
	config := func(value string) string {
		return fmt.Sprintf("resource \"terraform_data\" \"late\" {\n  input = %q\n}\n", value) +
			fmt.Sprintf("import {\n  to = %s\n  id = \"%s,%s\"\n}\n", rotatingAddress, cloud.Issued()[0].ID, cloud.TokenID) +
			rotating("mine", "Administrator", "rotation_trigger = terraform_data.late.output")
	}
	cloud.RunWith(t, acctest.Removals,
		resource.TestStep{Config: config("a")},
		resource.TestStep{Config: config("b"), ExpectError: message("Refusing to regenerate the secret of the provider's own API token")},
		resource.TestStep{Config: "removed {\n  from = " + rotatingAddress + "\n  lifecycle {\n    destroy = false\n  }\n}\n"},
	)
	if !cloud.Accepts(cloud.TokenID, cloud.TokenSecret) {
		t.Error("the provider is locked out")
	}
}

// The previous secret can be revoked by itself: the current one stays valid, and the next
// rotation works.
func TestRevokePrevious(t *testing.T) {
	t.Parallel()
	r := startRotating(t)
	r.apply(rotatingConfig("ci", "a", true), rotatingConfig("ci", "b", true))
	p := protocoltest.Start(t, r.cloud, nil)
	if diags := p.Invoke(
		t.Context(),
		"cloudfleet_revoke_api_token_secret",
		map[string]any{"id": r.Text("previous_token_id")},
		func(string) {},
	); len(
		diags,
	) > 0 {
		t.Fatal(diags)
	}
	if r.accepts(r.State(), "previous_token_id", "previous_secret") || !r.accepts(r.State(), "token_id", "secret") {
		t.Error("the previous secret is still accepted, or the current one no longer")
	}
	r.apply(rotatingConfig("ci", "c", true))
	if !r.accepts(r.State(), "previous_token_id", "previous_secret") || !r.accepts(r.State(), "token_id", "secret") {
		t.Errorf("after the next rotation the state is %v", r.State())
	}
}
