package apitoken_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

const verify = "verify_secret = true"

func regeneratedElsewhere(t *testing.T, cloud *acctest.Cloud) func() {
	return func() {
		elsewhere(t, cloud, http.MethodPost, "")
		cloud.ForgetRequests()
	}
}

func wantNoWrites(cloud *acctest.Cloud) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if writes := cloud.Writes(); len(writes) > 0 {
			return fmt.Errorf("not only looked: %v", writes)
		}
		return nil
	}
}

func TestAccVerifySecret(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{Now: func() time.Time { return time.Now().Add(-time.Hour) }})
	plan := func(action plancheck.ResourceActionType, more ...plancheck.PlanCheck) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: append(more, plancheck.ExpectResourceAction(address, action))}
	}
	cloud.Run(t,
		resource.TestStep{Config: token("ci", "User", verify)},
		resource.TestStep{
			PreConfig: cloud.ForgetRequests, Config: token("ci", "User", verify),
			ConfigPlanChecks: plan(plancheck.ResourceActionNoop), Check: wantNoWrites(cloud),
		},
		resource.TestStep{ // a refresh regenerates nothing
			PreConfig: regeneratedElsewhere(t, cloud), RefreshState: true, ExpectNonEmptyPlan: true, Check: wantNoWrites(cloud),
		},
		resource.TestStep{ // who turns it off wants no regeneration
			Config: token("ci", "User"), ConfigPlanChecks: plan(plancheck.ResourceActionUpdate, knownSecret(address)...), Check: wantNoWrites(cloud),
		},
		resource.TestStep{ // what was found is not forgotten
			Config: token("ci", "User", verify), ConfigPlanChecks: plan(plancheck.ResourceActionUpdate, unknownSecret(address)...),
			ConfigStateChecks: []statecheck.StateCheck{inState("secret_version", tokentest.Issued)}, Check: accepted(cloud),
		},
		resource.TestStep{Config: token("ci", "User", verify), ConfigPlanChecks: plan(plancheck.ResourceActionNoop)},
	)
}

// Without verify_secret there is no check.
func TestAccSecretIsNotVerifiedUnasked(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	cloud.Run(t,
		resource.TestStep{Config: token("ci", "User")},
		resource.TestStep{
			PreConfig: regeneratedElsewhere(t, cloud), Config: token("ci", "User"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			Check:            wantNoWrites(cloud),
		},
	)
	for _, r := range cloud.Requests() {
		if r.TokenID != cloud.TokenID {
			t.Errorf("the secret was tried: %s", r)
		}
	}
}

// Only the API's own 401 means that a secret is rejected.
func TestAccSecretThatCannotBeVerified(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	fail := func(status int, kind, body string) func() {
		return func() {
			cloud.Intercept(func(api http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if id, _, _ := r.BasicAuth(); id == cloud.TokenID {
						api.ServeHTTP(w, r)
						return
					}
					w.Header().Set("Content-Type", kind)
					w.WriteHeader(status)
					_, _ = w.Write([]byte(body))
				})
			})
		}
	}
	steps := []resource.TestStep{{Config: token("ci", "User", verify)}}
	for _, fault := range []func(){
		fail(401, "text/html", "<html>"),
		fail(403, "application/json", `{"code": "forbidden", "message": "No."}`),
		fail(404, "application/json", `{"code": "not_found", "message": "No."}`),
		fail(500, "", ""),
	} {
		steps = append(steps, resource.TestStep{
			PreConfig: fault, Config: token("ci", "User", verify),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		})
	}
	cloud.Run(t, steps...)
}
