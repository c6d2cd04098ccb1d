package apitoken_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
)

const revoke = "cloudfleet_revoke_api_token_secret"

func TestRevoke(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	p := protocoltest.Start(t, cloud, nil)
	r := managed(t, p)
	id := r.Text("id")
	cloud.ForgetRequests()
	if diags := p.PlanAction(t.Context(), revoke, map[string]any{"id": id}); len(diags) > 0 || len(cloud.Requests()) > 0 {
		t.Errorf("planned with %v. %s", cloud.Requests(), diags)
	}
	var progress []string
	diags := p.Invoke(t.Context(), revoke, map[string]any{"id": id}, func(message string) { progress = append(progress, message) })
	if len(diags) > 0 || cloud.Accepts(id, r.Text("secret")) {
		t.Errorf("the old secret is valid: %t. %s", cloud.Accepts(id, r.Text("secret")), diags)
	}
	const want = "Revoking the secret of API token ID.\nThe old secret of API token \"ci\" (ID, User) is revoked. The new one was discarded."
	if got := strings.ReplaceAll(strings.Join(progress, "\n"), id, "ID"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if requests := cloud.Requests(); len(requests) != 1 {
		t.Errorf("it took more than the one call: %v", requests)
	}
}

// Errors are reported in the plan if that is possible, else in the apply.
func TestRevokeThatIsRefused(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	p := protocoltest.Start(t, cloud, nil)
	if diags := p.PlanAction(t.Context(), revoke, map[string]any{"id": protocoltest.Unknown}); len(diags) > 0 {
		t.Errorf("an ID that is not known yet: %s", diags)
	}
	for id, wants := range map[string][]string{
		"../organization": {"Invalid id", `AttributeName("id")`, `"../organization" is not the ID`},
		cloud.TokenID: {"Refusing to revoke the secret of the provider's own API token", `AttributeName("id")`, "cloudfleet tokens regenerate",
			"another Administrator token"},
	} {
		config := map[string]any{"id": id}
		for _, diags := range []protocoltest.Diags{
			p.PlanAction(t.Context(), revoke, config),
			p.Invoke(t.Context(), revoke, config, func(message string) { t.Errorf("%s: %s", id, message) }),
		} {
			for _, want := range wants {
				if !diags.HasError() || !strings.Contains(diags.String(), want) {
					t.Errorf("%q is not in: %s", want, diags)
				}
			}
		}
	}
	if requests := cloud.Requests(); len(requests) > 0 {
		t.Errorf("the API was asked: %v", requests)
	}
}

func TestRevokeThatFails(t *testing.T) {
	t.Parallel()
	answer := func(status int, body string) func(http.Handler) http.Handler {
		return func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				_, _ = w.Write([]byte(body))
			})
		}
	}
	lost := func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			api.ServeHTTP(nowhere{}, r)
			panic(http.ErrAbortHandler)
		})
	}
	cut := func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			api.ServeHTTP(w, r)
		})
	}
	gone := answer(404, `{"code": "not_found", "message": "There is no such token."}`)
	const maybe, alive = "The old secret may still be valid. Run the action again", "Assume that the old secret is still valid."
	for name, test := range map[string]struct {
		fault func(http.Handler) http.Handler
		want  []string
	}{
		"no such token":    {gone, []string{"404 Not Found (not_found)", "There is no such token in the organization"}},
		"the answer lost":  {lost, []string{maybe}},
		"the answer cut":   {cut, []string{maybe}},
		"a fault":          {answer(500, `{"code": "internal", "message": "Oops."}`), []string{"500 Internal Server Error", maybe}},
		"no JSON":          {answer(200, `cf_secret_new`), []string{"200 OK", maybe}},
		"refused":          {answer(403, `{"code": "forbidden", "message": "No."}`), []string{"403 Forbidden", alive}},
		"a page elsewhere": {answer(404, `<h1>Not Found</h1>`), []string{"404 Not Found", alive}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := acctest.Start(t, mockserver.Options{})
			p := protocoltest.Start(t, cloud, nil)
			id := managed(t, p).Text("id")
			cloud.ForgetRequests()
			cloud.Intercept(test.fault)
			said := p.Invoke(t.Context(), revoke, map[string]any{"id": id}, func(string) {}).String()
			for _, want := range append(test.want, "ERROR: Could not revoke the secret of API token "+id) {
				if !strings.Contains(said, want) {
					t.Errorf("%q is not in: %s", want, said)
				}
			}
			if strings.Contains(said, "cf_secret_") {
				t.Errorf("a secret is in: %s", said)
			}
			if calls := cloud.Requests(); len(calls) != 1 {
				t.Errorf("calls: %v", calls)
			}
		})
	}
}

// nowhere loses answers.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) WriteHeader(int)             {}

// An ID that is known only after apply does not stop the plan.
func TestAccRevokeTriggered(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	acctest.Need(t, acctest.Actions)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories,
		CheckDestroy:             cloud.CheckDestroy,
		Steps: []resource.TestStep{{
			Config: cloud.ProviderBlock() + token("ci", "User") + `
resource "terraform_data" "leak" {
  input = cloudfleet_api_token.ci.id
  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.cloudfleet_revoke_api_token_secret.leaked]
    }
  }
}

action "cloudfleet_revoke_api_token_secret" "leaked" {
  config {
    id = cloudfleet_api_token.ci.id
  }
}
`,
			Check: func(s *terraform.State) error {
				if accepted(cloud)(s) == nil {
					t.Error("the old secret is still valid")
				}
				return nil
			},
		}},
	})
}
