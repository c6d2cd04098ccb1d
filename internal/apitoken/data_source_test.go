package apitoken_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// onlyRead runs steps and checks that they only read.
func onlyRead(t *testing.T, cloud *acctest.Cloud, steps ...resource.TestStep) {
	t.Helper()
	for i := range steps {
		if !strings.Contains(steps[i].Config, `provider "cloudfleet"`) {
			steps[i].Config = cloud.ProviderBlock() + steps[i].Config
		}
	}
	cloud.ForgetRequests()
	resource.ParallelTest(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories, Steps: steps})
	if writes := cloud.Writes(); len(writes) > 0 {
		t.Errorf("reading wrote: %v", writes)
	}
}

// dataSource is a configuration of a data source; arguments are lines of HCL.
func dataSource(kind, label string, arguments ...string) string {
	return fmt.Sprintf("data \"cloudfleet_%s\" %q {\n  %s\n}\n", kind, label, strings.Join(arguments, "\n  "))
}

func byName(value string) string { return fmt.Sprintf("name = %q", value) }
func byID(value string) string   { return fmt.Sprintf("id = %q", value) }

// isToken has the readable values of a token.
func isToken(t cloudfleet.Token) map[string]knownvalue.Check {
	return map[string]knownvalue.Check{
		"id": knownvalue.StringExact(t.ID), "name": knownvalue.StringExact(t.Name), "role": knownvalue.StringExact(string(t.Role)),
		"created_at": knownvalue.StringExact(created(t)), "updated_at": knownvalue.StringExact(t.UpdatedAt.UTC().Format(time.RFC3339)),
	}
}

func created(t cloudfleet.Token) string { return t.CreatedAt.UTC().Format(time.RFC3339) }

func reads(label string, t cloudfleet.Token) (checks []statecheck.StateCheck) {
	for name, check := range isToken(t) {
		checks = append(checks, statecheck.ExpectKnownValue("data.cloudfleet_api_token."+label, attribute(name), check))
	}
	return checks
}

func TestAccReadByIDAndByName(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	issue(t, cloud, "CI", cloudfleet.RoleAdministrator)
	issue(t, cloud, "ci-2", cloudfleet.RoleAdministrator)
	ci := issue(t, cloud, "ci", cloudfleet.RoleUser)
	onlyRead(t, cloud, resource.TestStep{
		Config:            dataSource("api_token", "by_id", byID(ci.ID)) + dataSource("api_token", "by_name", byName("ci")),
		ConfigStateChecks: append(reads("by_id", ci), reads("by_name", ci)...),
	})
}

func TestAccReadATokenThatIsNotThere(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	onlyRead(t, cloud,
		resource.TestStep{
			Config:      dataSource("api_token", "ci", byName("ci")),
			ExpectError: failureAt(`There is no API token "ci"`, "name", "has no token with this name. Correct the name"),
		},
		resource.TestStep{
			Config: dataSource("api_token", "ci", byID("2iKo4Asy51EUx2gpJFW76t")),
			ExpectError: failureAt(`There is no API token with the ID "2iKo4Asy51EUx2gpJFW76t"`, "id",
				"has no token with this id. Correct the id"),
		},
	)
}

func TestAccReadANameThatSeveralHave(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	first := issue(t, cloud, "ci", cloudfleet.RoleUser)
	issue(t, cloud, "other", cloudfleet.RoleUser)
	second := issue(t, cloud, "ci", cloudfleet.RoleAdministrator)
	onlyRead(t, cloud,
		resource.TestStep{
			Config: dataSource("api_token", "ci", byName("ci")),
			ExpectError: failureAt(`There are 2 API tokens "ci"`, "name", fmt.Sprintf(
				"to one of these: %s User, created %s %s Administrator, created %s",
				first.ID, created(first), second.ID, created(second))),
		},
		resource.TestStep{Config: dataSource("api_token", "ci", byID(second.ID)), ConfigStateChecks: reads("ci", second)},
	)
}

// Errors are reported before the data source is read, which is in the apply here.
func TestAccReadWithInvalidArguments(t *testing.T) {
	for name, test := range map[string]struct {
		kind      string
		arguments []string
		message   string
	}{
		"neither ID nor name": {"api_token", nil, "Exactly one of these attributes must be configured: [id,name]"},
		"both":                {"api_token", []string{byName("ci"), byID("x")}, "Exactly one of these attributes must be configured: [id,name]"},
		"no ID":               {"api_token", []string{byID("../organization")}, `"../organization" is not the ID of an API token`},
		"role":                {"api_tokens", []string{`role = "user"`}, `"user" is not a role, but "User" is`},
		"regex": {"api_tokens", []string{`name_regex = "ci("`},
			`"ci(" is not a regular expression in the syntax of RE2: missing closing ) at "ci(".`},
		"prefix and regex": {"api_tokens", []string{`name_regex = "ci"`, `name_prefix = "ci"`},
			`Attribute "name_prefix" cannot be specified when "name_regex" is specified`},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := acctest.Start(t, mockserver.Options{})
			onlyRead(t, cloud, resource.TestStep{
				Config: "resource \"terraform_data\" \"late\" {}\n" +
					dataSource(test.kind, "ci", append(test.arguments, "depends_on = [terraform_data.late]")...),
				PlanOnly:    true,
				ExpectError: message(test.message),
			})
		})
	}
}

// Values that are known only after apply are used, and reported as wrong, then.
func TestAccReadWhatIsKnownOnlyAfterApply(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	ci := issue(t, cloud, "ci", cloudfleet.RoleUser)
	late := func(label, value string) string {
		return fmt.Sprintf("resource \"terraform_data\" %q {\n  input = %q\n}\n", label, value)
	}
	inApply := func(kind, label string) plancheck.PlanCheck {
		return plancheck.ExpectResourceAction("data.cloudfleet_"+kind+"."+label, plancheck.ResourceActionRead)
	}
	onlyRead(t, cloud,
		resource.TestStep{
			Config: late("id", ci.ID) + dataSource("api_token", "by_id", "id = terraform_data.id.output") +
				late("name", "ci") + dataSource("api_token", "by_name", "name = terraform_data.name.output") +
				late("filter", "^c") + dataSource("api_tokens", "filtered", "name_regex = terraform_data.filter.output"),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: []plancheck.PlanCheck{inApply("api_token", "by_id"), inApply("api_token", "by_name"), inApply("api_tokens", "filtered")},
			},
			ConfigStateChecks: append(append(reads("by_id", ci), reads("by_name", ci)...), lists("filtered", ci)),
		},
		resource.TestStep{
			Config:      late("new", "ci(") + dataSource("api_tokens", "all", "name_regex = terraform_data.new.output"),
			ExpectError: message(`"ci(" is not a regular expression`),
		},
		resource.TestStep{
			Config:      late("newer", "cd") + dataSource("api_token", "ci", "name = terraform_data.newer.output"),
			ExpectError: message(`There is no API token "cd"`),
		},
	)
}

func TestAccReadNeedsAnAdministrator(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	user := issue(t, cloud, "user", cloudfleet.RoleUser)
	as := cloud.ProviderBlockFor(user.ID, user.Secret)
	const why = `answered 403 Forbidden (forbidden) to GET /v1/tokens`
	const next = `The provider's access token needs the role Administrator.`
	onlyRead(
		t,
		cloud,
		resource.TestStep{
			Config:      as + dataSource("api_token", "ci", byName("ci")),
			ExpectError: messages(`Could not look for the API token "ci"`, why, next),
		},
		resource.TestStep{
			Config:      as + dataSource("api_token", "ci", byID(user.ID)),
			ExpectError: messages(`Could not read the API token with the ID`, why, next),
		},
		resource.TestStep{Config: as + dataSource("api_tokens", "all"), ExpectError: messages(`Could not list the API tokens`, why, next)},
	)
}

// If the API returned a secret by mistake, it would not be stored.
func TestAccReadKeepsNoSecret(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	ci := issue(t, cloud, "ci", cloudfleet.RoleUser)
	cloud.Intercept(func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			api.ServeHTTP(answer, r)
			body := strings.ReplaceAll(answer.Body.String(), `"name":`, `"secret":"cf_secret_leaked","name":`)
			w.WriteHeader(answer.Code)
			_, _ = w.Write([]byte(body))
		})
	})
	onlyRead(t, cloud, resource.TestStep{
		Config: dataSource(
			"api_token",
			"by_id",
			byID(ci.ID),
		) + dataSource(
			"api_token",
			"by_name",
			byName("ci"),
		) + dataSource(
			"api_tokens",
			"all",
		),
		ConfigStateChecks: append(reads("by_id", ci), noSecret{}),
	})
}
