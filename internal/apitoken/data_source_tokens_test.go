package apitoken_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// messages matches texts in an error, in this order.
func messages(texts ...string) *regexp.Regexp {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = message(text).String()
	}
	return regexp.MustCompile("(?s)" + strings.Join(all, ".*"))
}

// failureAt matches an error at an attribute.
func failureAt(summary, attribute, detail string) *regexp.Regexp {
	return messages(summary, " "+attribute+" = ", detail)
}

// lists checks that a data source has these tokens, in this order.
func lists(label string, tokens ...cloudfleet.Token) statecheck.StateCheck {
	all := make([]knownvalue.Check, len(tokens))
	for i, t := range tokens {
		all[i] = knownvalue.ObjectExact(isToken(t))
	}
	return statecheck.ExpectKnownValue("data.cloudfleet_api_tokens."+label, attribute("tokens"), knownvalue.ListExact(all))
}

// noSecret checks that the state contains no secret.
type noSecret struct{}

func (noSecret) CheckState(_ context.Context, req statecheck.CheckStateRequest, resp *statecheck.CheckStateResponse) {
	content, err := json.Marshal(req.State)
	if err == nil && strings.Contains(string(content), "cf_secret_") {
		err = errors.New("a secret is in the state")
	}
	resp.Error = err
}

// more is the number of tokens that make three pages.
const more = 205

// issueMany issues so many tokens that the list has pages.
func issueMany(t *testing.T, cloud *acctest.Cloud) []cloudfleet.Token {
	t.Helper()
	tokens := make([]cloudfleet.Token, more)
	for i := range tokens {
		role := cloudfleet.RoleUser
		if i%100 == 0 {
			role = cloudfleet.RoleAdministrator
		}
		tokens[i] = issue(t, cloud, fmt.Sprintf("ci-%03d", i), role)
	}
	return tokens
}

func TestAccListAllPages(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	many := issueMany(t, cloud)
	twins := []cloudfleet.Token{many[0], issue(t, cloud, many[0].Name, cloudfleet.RoleUser)}
	own := cloud.Tokens(cloud.OrganizationID)[0]
	all := append([]cloudfleet.Token{
		{ID: own.ID, Name: own.Name, Role: cloudfleet.Role(own.Role), CreatedAt: own.CreatedAt, UpdatedAt: own.UpdatedAt},
	}, append(many, twins[1])...)
	last := many[len(many)-1]
	onlyRead(t, cloud,
		resource.TestStep{
			Config: dataSource("api_tokens", "all") +
				dataSource("api_tokens", "administrators", `role = "Administrator"`, `name_prefix = "ci-"`) +
				dataSource("api_tokens", "twins", `name_prefix = "ci-000"`) +
				dataSource("api_tokens", "some", `name_regex = "-(001|204)$"`) +
				dataSource("api_tokens", "none", `name_prefix = "cd-"`) +
				dataSource("api_token", "last", byName(last.Name)),
			ConfigStateChecks: append(reads("last", last),
				lists("all", all...),
				lists("administrators", many[0], many[100], many[200]),
				lists("twins", twins...),
				lists("some", many[1], last),
				lists("none")),
		},
		resource.TestStep{
			Config:      dataSource("api_token", "twin", byName(twins[0].Name)),
			ExpectError: messages(`There are 2 API tokens "ci-000"`, twins[0].ID, twins[1].ID),
		},
	)
}

// A part of the list is not used: the missing part may have a token of the same name.
func TestAccListFailsInTheMiddle(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	issueMany(t, cloud)
	cloud.Intercept(func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("after") {
				http.Error(w, "Bad gateway", http.StatusBadGateway)
				return
			}
			api.ServeHTTP(w, r)
		})
	})
	const why, next = "Cloudfleet answered 502 Bad Gateway to GET /v1/tokens", "Request ID: mock-"
	onlyRead(
		t,
		cloud,
		resource.TestStep{Config: dataSource("api_tokens", "all"), ExpectError: messages("Could not list the API tokens", why, next)},
		resource.TestStep{
			Config:      dataSource("api_token", "ci", byName("ci-000")),
			ExpectError: messages(`Could not look for the API token "ci-000"`, why, next),
		},
	)
}
