package rotatingtoken_test

import (
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

const singleType = "cloudfleet_api_token"

// A token becomes the current one of a pair and, while it has no previous one, a single
// token again. There are no calls, nothing is lost, and the next plan is empty.
func TestMove(t *testing.T) {
	t.Parallel()
	encrypted := map[string]any{"encrypt_to": map[string]any{"age_recipients": []any{ageIdentity(t).Recipient().String()}}}
	for name, arguments := range map[string]map[string]any{"plain": {}, "encrypted": encrypted, "verified": {"verify_secret": true},
		"scheduled": {"rotate_after_days": 30}} {
		for cli, keepsIdentity := range map[string]bool{"Terraform": false, "OpenTofu": true} {
			t.Run(name+", "+cli, func(t *testing.T) {
				t.Parallel()
				cloud := acctest.Start(t, mockserver.Options{})
				r := protocoltest.Start(t, cloud, nil).Resource(singleType)
				config := tokentest.Arguments("ci", "a")
				maps.Copy(config, arguments)
				must(t, r.Apply(t.Context(), config))
				first := r.State()
				id := first["id"]

				move := func(typeName string) {
					t.Helper()
					cloud.ForgetRequests()
					must(t, r.MoveTo(t.Context(), typeName, keepsIdentity))
					if requests := cloud.Requests(); len(requests) > 0 {
						t.Errorf("the move has called %v", requests)
					}
					must(t, r.Refresh(t.Context()))
					planned, diags := r.Plan(t.Context(), config)
					if len(diags) > 0 || !reflect.DeepEqual(planned, r.State()) {
						t.Errorf("planned is %v, the state %v. %s", planned, r.State(), diags)
					}
					if want := map[string]any{"id": id, "previous_id": nil}; !reflect.DeepEqual(r.Identity(), want) {
						t.Errorf("the identity is %v", r.Identity())
					}
				}
				move(rotatingType)
				for _, attribute := range []string{"name", "role", "rotation_trigger", "secret", "secret_version", "secret_issued_at", "rotation_due"} {
					if r.State()[attribute] != first[attribute] {
						t.Errorf("%s is %v after the move, and was %v", attribute, r.State()[attribute], first[attribute])
					}
				}
				if !reflect.DeepEqual(r.State()["encrypted_secrets"], first["encrypted_secrets"]) || r.State()["token_id"] != id ||
					r.State()["keep_previous"] != true {
					t.Errorf("the state is %v", r.State())
				}
				move(singleType)
				if !reflect.DeepEqual(r.State(), first) {
					t.Errorf("there and back it is %v, and was %v", r.State(), first)
				}

				move(rotatingType)
				config["rotation_trigger"] = "b"
				must(t, r.Apply(t.Context(), config))
				if r.State()["previous_token_id"] != id || r.State()["previous_secret"] != first["secret"] {
					t.Errorf("the first rotation has not kept the token as the previous one: %v", r.State())
				}
			})
		}
	}
}

func must(t *testing.T, diags protocoltest.Diags) {
	t.Helper()
	if len(diags) > 0 {
		t.Fatal(diags)
	}
}

// Private state is moved, too.
func TestMoveTakesMemoryAlong(t *testing.T) {
	t.Parallel()
	r := protocoltest.Start(t, acctest.Start(t, mockserver.Options{}), nil).Resource(singleType)
	must(t, r.Apply(t.Context(), tokentest.Arguments("ci", "a")))
	before := r.Private()
	must(t, r.MoveTo(t.Context(), rotatingType, false))
	if before == "" || r.Private() != before {
		t.Errorf("remembered was %s, and is %s", before, r.Private())
	}
}

// A pair with a previous token does not become a single token: nothing would manage the
// previous one.
func TestMoveOfTwoTokens(t *testing.T) {
	t.Parallel()
	r := startRotating(t)
	config := tokentest.Arguments("ci", "b")
	r.apply(tokentest.Arguments("ci", "a"), config)
	saved := r.Saved()
	diags := r.MoveTo(t.Context(), singleType, false)
	if !diags.HasError() || !strings.Contains(diags.String(), "keep_previous") || r.Saved() != saved || len(r.cloud.Issued()) != 2 {
		t.Errorf("%s\nsaved was %s, and is %s", diags, saved, r.Saved())
	}
	config["keep_previous"] = false
	r.apply(config)
	must(t, r.MoveTo(t.Context(), singleType, false))
	delete(config, "keep_previous")
	r.apply(config)
	if issued := r.cloud.Issued(); len(issued) != 1 || issued[0].ID != r.Text("id") {
		t.Errorf("left is %v, and in the state %v", issued, r.State())
	}
}

func TestMoveOfSomethingElse(t *testing.T) {
	t.Parallel()
	r := protocoltest.Start(t, acctest.Start(t, mockserver.Options{}), nil).Resource(rotatingType)
	must(t, r.Apply(t.Context(), tokentest.Arguments("ci", "a")))
	diags := r.MoveTo(t.Context(), "cloudfleet_registry_image", false)
	if !diags.HasError() || !strings.Contains(diags.String(), "Unable to Move Resource State") {
		t.Error(diags)
	}
}

// CLIs send the provider's address in several forms, and a resource may keep its type.
func TestMoveFromEveryAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"cloudfleet", "registry.opentofu.org/cloudfleet/cloudfleet", "registry.example.org/acme/cloudfleet"} {
		for _, from := range []string{singleType, rotatingType} {
			for _, to := range []string{singleType, rotatingType} {
				r := protocoltest.Start(t, acctest.Start(t, mockserver.Options{}), nil).Resource(from)
				config := tokentest.Arguments("ci", "a")
				must(t, r.Apply(t.Context(), config))
				secret, identity, private := r.Text("secret"), r.Identity(), r.Private()
				must(t, r.MoveFrom(t.Context(), address, to, false))
				if r.Text("secret") != secret || !reflect.DeepEqual(r.Identity(), identity) || r.Private() != private {
					t.Errorf("from %s of %s to %s: %s", from, address, to, r.Saved())
				}
				must(t, r.Refresh(t.Context()))
				if planned, diags := r.Plan(t.Context(), config); len(diags) > 0 || !reflect.DeepEqual(planned, r.State()) {
					t.Errorf("from %s of %s to %s: the plan is %v. %s", from, address, to, planned, diags)
				}
			}
		}
	}
}

// After two moved blocks in a chain, the CLI hands the state of one type to the other. It is
// refused, and nothing is lost.
func TestStateOfAnotherType(t *testing.T) {
	t.Parallel()
	for from, to := range map[string]string{singleType: rotatingType, rotatingType: singleType} {
		cloud := acctest.Start(t, mockserver.Options{})
		r := protocoltest.Start(t, cloud, nil).Resource(from)
		config := tokentest.Arguments("ci", "a")
		must(t, r.Apply(t.Context(), config))
		must(t, r.Mistake(t.Context(), to))
		cloud.ForgetRequests()
		config["rotation_trigger"] = "b"
		_, planned := r.Plan(t.Context(), config)
		for call, diags := range map[string]protocoltest.Diags{
			"refresh": r.Refresh(t.Context()), "plan": planned, "apply": r.Apply(t.Context(), config), "destroy": r.Destroy(t.Context()),
		} {
			if !diags.HasError() || !strings.Contains(diags.String(), "terraform state rm") {
				t.Errorf("%s of a %s that is a %s: %s", call, to, from, diags)
			}
		}
		if requests := cloud.Requests(); len(requests) > 0 || r.State() == nil {
			t.Errorf("a %s that is a %s has called %v, and left %v", to, from, requests, r.State())
		}
	}
}

// A newer CLI asks to upgrade an identity that an older one did not store, unless the
// version is 0.
func TestIdentityVersion(t *testing.T) {
	t.Parallel()
	p := protocoltest.Start(t, acctest.Start(t, mockserver.Options{}), nil)
	for _, typeName := range []string{singleType, rotatingType, "cloudfleet_registry_image"} {
		if version := p.Resource(typeName).IdentityVersion(t.Context()); version != 0 {
			t.Errorf("%s has an identity of version %d", typeName, version)
		}
	}
}
