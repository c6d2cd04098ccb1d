package apitoken_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

func inState(name string, check knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, attribute(name), check)
}

func inPlan(name string, check knownvalue.Check) plancheck.PlanCheck {
	return plancheck.ExpectKnownValue(address, attribute(name), check)
}

// accepted checks that the API accepts the ID and secret in the state.
func accepted(cloud *acctest.Cloud) resource.TestCheckFunc {
	return func(s *terraform.State) error {
		attributes := s.RootModule().Resources[address].Primary.Attributes
		if !cloud.Accepts(attributes["id"], attributes["secret"]) {
			return fmt.Errorf("the secret in the state is refused")
		}
		return nil
	}
}

func TestAccCreate(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	cloud.Run(t,
		resource.TestStep{
			Config: token("ci", "Administrator"),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(address, plancheck.ResourceActionCreate),
					plancheck.ExpectUnknownValue(address, attribute("id")),
					plancheck.ExpectUnknownValue(address, attribute("secret")),
					plancheck.ExpectUnknownValue(address, attribute("secret_version")),
					plancheck.ExpectUnknownValue(address, attribute("secret_issued_at")),
					plancheck.ExpectUnknownValue(address, attribute("created_at")),
					plancheck.ExpectSensitiveValue(address, attribute("secret")),
				},
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
			ConfigStateChecks: []statecheck.StateCheck{
				inState("id", tokenID),
				inState("name", knownvalue.StringExact("ci")),
				inState("role", knownvalue.StringExact("Administrator")),
				inState("rotation_trigger", knownvalue.Null()),
				inState("secret", secret),
				inState("secret_version", tokentest.Issued),
				inState("secret_issued_at", timestamp),
				inState("created_at", timestamp),
				statecheck.ExpectSensitiveValue(address, attribute("secret")),
				statecheck.CompareValuePairs(address, attribute("secret_issued_at"), address, attribute("created_at"), compare.ValuesSame()),
			},
			Check: accepted(cloud),
		},
	)
}

// unchanged returns a function that makes checks for a step: each of these attributes has
// the same value as in the steps before.
func unchanged(names ...string) func() []statecheck.StateCheck {
	comparisons := map[string]interface {
		AddStateValue(string, tfjsonpath.Path) statecheck.StateCheck
	}{}
	for _, name := range names {
		comparisons[name] = statecheck.CompareValue(compare.ValuesSame())
	}
	return func() (checks []statecheck.StateCheck) {
		for name, c := range comparisons {
			checks = append(checks, c.AddStateValue(address, attribute(name)))
		}
		return checks
	}
}

func TestAccRenameAndRoleChangeInPlace(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	computed := []string{"id", "secret", "secret_version", "secret_issued_at", "created_at"}
	kept := unchanged(computed...)
	inPlace := func(name, role string) resource.TestStep {
		step := resource.TestStep{
			PreConfig: cloud.ForgetRequests,
			Config:    token(name, role),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
					inPlan("secret", secret),
					inPlan("secret_version", tokentest.Issued),
				},
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
			ConfigStateChecks: append(kept(), inState("name", knownvalue.StringExact(name)), inState("role", knownvalue.StringExact(role))),
		}
		step.Check = resource.ComposeTestCheckFunc(accepted(cloud), func(*terraform.State) error {
			issued := cloud.Issued()[0]
			if writes := cloud.Writes(); len(writes) != 1 || issued.Name != name || issued.Role != role {
				return fmt.Errorf("at the API: %v, after %v", issued, writes)
			}
			return nil
		})
		return step
	}
	cloud.Run(t,
		resource.TestStep{Config: token("before", "Administrator"), ConfigStateChecks: kept()},
		inPlace("after", "Administrator"),
		inPlace("after", "User"),
		inPlace("größer 東京", "Administrator"),
	)
}

// Ten tokens need ten writes, and a refresh none.
func TestAccWritesNoMoreThanNeeded(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	config := `
resource "cloudfleet_api_token" "team" {
  count = 10
  name  = "team-${count.index}"
  role  = "User"
}
`
	cloud.Run(t,
		resource.TestStep{
			Config: config,
			Check: func(*terraform.State) error {
				writes := cloud.Writes()
				slices.Sort(writes)
				if writes = slices.Compact(writes); len(cloud.Issued()) != 10 || !slices.Equal(writes, []string{"POST /v1/tokens: 201"}) {
					return fmt.Errorf("%d tokens after %v", len(cloud.Issued()), writes)
				}
				if n := len(cloud.Writes()); n != 10 {
					return fmt.Errorf("%d calls that write for ten tokens", n)
				}
				cloud.ForgetRequests()
				return nil
			},
		},
		resource.TestStep{RefreshState: true},
		resource.TestStep{
			Config:           config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			Check: func(*terraform.State) error {
				if writes := cloud.Writes(); len(writes) > 0 {
					return fmt.Errorf("a refresh wrote: %v", writes)
				}
				return nil
			},
		},
	)
}

// A change made elsewhere is shown and reverted, without a new secret.
func TestAccDrift(t *testing.T) {
	for name, body := range map[string]string{
		"renamed":  `{"name": "somebody else's", "role": "User"}`,
		"re-roled": `{"name": "ci", "role": "Administrator"}`,
	} {
		t.Run(name, func(t *testing.T) {
			cloud := acctest.Start(t, mockserver.Options{})
			kept := unchanged("id", "secret", "secret_version")
			cloud.Run(t,
				resource.TestStep{Config: token("ci", "User"), ConfigStateChecks: kept()},
				resource.TestStep{
					PreConfig: func() { elsewhere(t, cloud, http.MethodPut, body) },
					Config:    token("ci", "User"),
					ConfigPlanChecks: resource.ConfigPlanChecks{
						PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate)},
						PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
					},
					ConfigStateChecks: append(kept(), inState("name", knownvalue.StringExact("ci")), inState("role", knownvalue.StringExact("User"))),
					Check:             accepted(cloud),
				},
			)
		})
	}
}

func TestAccDeletedElsewhereIsCreatedAgain(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	other := statecheck.CompareValue(compare.ValuesDiffer())
	cloud.Run(t,
		resource.TestStep{Config: token("ci", "User"), ConfigStateChecks: []statecheck.StateCheck{other.AddStateValue(address, attribute("id"))}},
		resource.TestStep{
			PreConfig: func() { elsewhere(t, cloud, http.MethodDelete, "") },
			Config:    token("ci", "User"),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionCreate)},
			},
			ConfigStateChecks: []statecheck.StateCheck{other.AddStateValue(address, attribute("id")), inState("secret_version", tokentest.Issued)},
			Check:             accepted(cloud),
		},
	)
}

// Only the API's own answer that a token is gone removes it from the state.
func TestAccOnlyNotFoundRemoves(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	config := token("ci", "User")
	steps := []resource.TestStep{{Config: config}}
	for _, fault := range []struct {
		status     int
		kind, body string
		message    string
	}{
		{401, "application/json", `{"code": "unauthorized", "message": "No."}`, `401\s+Unauthorized`},
		{403, "application/json", `{"code": "forbidden", "message": "No."}`, `403\s+Forbidden`},
		{404, "text/html", `<h1>Not Found</h1>`, `404\s+Not\s+Found.*text/html`},
		{404, "application/json", `{"code": "no_such_endpoint", "message": "No."}`, `404\s+Not\s+Found\s+\(no_such_endpoint\)`},
		{410, "application/json", `{"code": "gone", "message": "No."}`, `410\s+Gone`},
		{500, "application/json", `{"code": "internal", "message": "No."}`, `500\s+Internal\s+Server\s+Error`},
		{502, "text/html", `<h1>Bad Gateway</h1>`, `502\s+Bad\s+Gateway`},
		{200, "application/json", ``, `200\s+OK.*not\s+the\s+JSON`},
		{200, "application/json", `[]`, `200\s+OK.*not\s+the\s+JSON`},
		{200, "application/json", `{}`, `200\s+OK.*no\s+ID\s+of\s+a\s+token`},
	} {
		steps = append(steps, resource.TestStep{
			PreConfig: func() {
				cloud.Intercept(func(api http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if r.URL.Path == "/v1/organization" {
							api.ServeHTTP(w, r)
							return
						}
						w.Header().Set("Content-Type", fault.kind)
						w.WriteHeader(fault.status)
						_, _ = w.Write([]byte(fault.body))
					})
				})
			},
			Config:      config,
			ExpectError: regexp.MustCompile(`(?s)Could not read API token "ci".*` + fault.message),
		})
	}
	cloud.Run(t, append(steps, resource.TestStep{
		PreConfig:        func() { cloud.Intercept(nil) },
		Config:           config,
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
	})...)
}

// A destroy succeeds if the token was deleted after the refresh.
func TestAccDestroyOfOneAlreadyGone(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	cloud.Run(t,
		resource.TestStep{Config: token("ci", "User")},
		resource.TestStep{
			PreConfig: func() {
				cloud.Intercept(func(api http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if r.Method == http.MethodDelete {
							cloud.Intercept(nil)
							elsewhere(t, cloud, http.MethodDelete, "")
						}
						api.ServeHTTP(w, r)
					})
				})
			},
			Config:  token("ci", "User"),
			Destroy: true,
		},
	)
	deletes := slices.DeleteFunc(cloud.Requests(), func(r mockserver.Request) bool { return r.Method != http.MethodDelete })
	if len(deletes) != 2 || deletes[0].Status+deletes[1].Status != http.StatusNoContent+http.StatusNotFound {
		t.Errorf("the provider did not meet a token already gone: %v", deletes)
	}
}

func TestAccImport(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	var existing string
	cloud.Run(t,
		resource.TestStep{Config: token("ci", "User", trigger("a"))},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateVerify: true,
			// Only the state has these.
			ImportStateVerifyIgnore: []string{"secret", "secret_version", "secret_issued_at", "rotation_trigger"},
			ImportStateCheck: func(states []*terraform.InstanceState) error {
				existing = states[0].ID
				a := states[0].Attributes
				if _, known := a["secret"]; known || a["secret_version"] != "0" {
					return fmt.Errorf("after an import: %v", a)
				}
				return nil
			},
		},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateId: "2iKo4Asy51EUx2gpJFW76t",
			ExpectError: regexp.MustCompile(`Cannot import API token`),
		},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateId: "../organization",
			ExpectError: regexp.MustCompile(`"../organization" is not the ID of an API token`),
		},
	)
	if existing == "" {
		t.Error("nothing was imported")
	}
}

// An imported token has no secret in the state. A rename must not promise one, and the
// first rotation issues one.
func TestAccImportBlockThenRotate(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	elsewhere(t, cloud, http.MethodPost, `{"name": "legacy", "role": "User"}`)
	block := fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", address, cloud.Issued()[0].ID)
	noSecret := []statecheck.StateCheck{
		inState("secret", knownvalue.Null()),
		inState("secret_version", knownvalue.Int64Exact(0)),
		inState("secret_issued_at", knownvalue.Null()),
	}
	promisesNone := []plancheck.PlanCheck{
		plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
		inPlan("secret", knownvalue.Null()),
		inPlan("secret_version", knownvalue.Int64Exact(0)),
		inPlan("secret_issued_at", knownvalue.Null()),
	}
	cloud.Run(t,
		resource.TestStep{
			Config: block + token("legacy", "User"),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionNoop)},
			},
			ConfigStateChecks: noSecret,
		},
		resource.TestStep{
			Config:            block + token("adopted", "User", trigger("a")),
			ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: promisesNone},
			ConfigStateChecks: noSecret,
		},
		resource.TestStep{
			Config: block + token("adopted", "User", trigger("b")),
			ConfigStateChecks: []statecheck.StateCheck{
				inState("secret", secret), inState("secret_version", tokentest.Issued), inState("secret_issued_at", timestamp),
			},
			Check: accepted(cloud),
		},
	)
}

// elsewhere calls the API about the only token (or, with POST, for a new one) as another
// client.
func elsewhere(t *testing.T, cloud *acctest.Cloud, method, body string) {
	t.Helper()
	path := "/tokens"
	if issued := cloud.Issued(); len(issued) > 0 {
		path += "/" + issued[0].ID
		if method == http.MethodPost {
			path += "/regenerate"
		}
	}
	call(t, cloud, method, path, body)
}

// A token that was created without a secret in the answer is in the state, so that the
// next apply replaces it.
func TestAccCreateWithoutSecretIsReplaced(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	withhold := func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			api.ServeHTTP(answer, r)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(answer.Code)
			_, _ = w.Write([]byte(strings.Replace(answer.Body.String(), `"secret"`, `"withheld"`, 1)))
		})
	}
	cloud.Run(t,
		resource.TestStep{
			PreConfig:   func() { cloud.Intercept(withhold) },
			Config:      token("ci", "User"),
			ExpectError: message(`Could not create API token "ci"`),
		},
		resource.TestStep{
			PreConfig: func() { cloud.Intercept(nil) },
			Config:    token("ci", "User"),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionDestroyBeforeCreate)},
			},
			ConfigStateChecks: []statecheck.StateCheck{inState("secret", secret), inState("secret_version", tokentest.Issued)},
			Check:             accepted(cloud),
		},
	)
}
