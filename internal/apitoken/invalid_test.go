package apitoken_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

func TestAccInvalidArguments(t *testing.T) {
	tests := map[string]struct{ config, message string }{
		"role in the wrong case": {token("ci", "administrator"), `"administrator" is not a role, but "Administrator" is`},
		"unknown role": {
			token("ci", "Owner"),
			`"Owner" is not a role. Use "Administrator" (push and pull images, manage tokens) or "User" (pull images).`,
		},
		"empty role":             {token("ci", ""), `"" is not a role.`},
		"empty name":             {token("", "User"), `at least one character`},
		"long name":              {token(strings.Repeat("é", 256), "User"), `at most 255 characters, this one has 256`},
		"line break in the name": {token("a\nb", "User"), `control characters, such as a line break: "a\nb"`},
		"space before the name":  {token(" ci", "User"), `space at its beginning or end: " ci"`},
		"no name": {`resource "cloudfleet_api_token" "ci" { role = "User" }
`, `The argument "name" is required`},
		"no role": {`resource "cloudfleet_api_token" "ci" { name = "ci" }
`, `The argument "role" is required`},
		"rotating, unknown role": {rotating("ci", "Owner"), `"Owner" is not a role.`},
		"rotating, empty name":   {rotating("", "User"), `at least one character`},
		"secret set": {
			token("ci", "User", `secret = "mine"`),
			`Cannot set value for this attribute as the provider has marked it as read-only`,
		},
	}
	cloud := acctest.Start(t, mockserver.Options{})
	config := cloud.ProviderBlock()
	for name, test := range tests {
		config += acctest.Relabel(test.config, acctest.Label(name))
	}
	errors := acctest.PlanErrors(t, acctest.Core, config)
	for name, test := range tests {
		if shown := errors[acctest.Label(name)]; !message(test.message).MatchString(shown) {
			t.Errorf("%s: shown: %s", name, shown)
		}
	}
	if requests := cloud.Requests(); len(requests) > 0 {
		t.Errorf("the API was asked: %v", requests)
	}
}

func TestAccNamesAtTheLimit(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	cloud.Run(t,
		resource.TestStep{Config: token(strings.Repeat("é", 255), "User"), Check: accepted(cloud)},
		resource.TestStep{Config: token("x", "User"), Check: accepted(cloud)},
	)
}
