package registry_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
)

// login is a configuration whose resource echo.seen shows the credentials.
func login(arguments ...string) string {
	return fmt.Sprintf(`
ephemeral "cloudfleet_registry_credentials" "this" {
  %s
}

provider "echo" {
  data = ephemeral.cloudfleet_registry_credentials.this
}

resource "echo" "seen" {}
`, strings.Join(arguments, "\n  "))
}

func seen(values map[string]string) []statecheck.StateCheck {
	var checks []statecheck.StateCheck
	for name, value := range values {
		checks = append(checks, statecheck.ExpectKnownValue("echo.seen", tfjsonpath.New("data").AtMapKey(name), knownvalue.StringExact(value)))
	}
	return checks
}

const credentials = `access_token_id = "2iKo4Asy51EUx2gpJFW76t"
  access_token_secret = "cf_secret_x"`

func TestAccRegistryCredentials(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\necho \"{\\\"Username\\\": \\\"somebody\\\", \\\"Secret\\\": \\\"for $(cat)\\\"}\"\n"
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-cloudfleet"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	org := fmt.Sprintf("organization_id = %q", ours)
	late := fmt.Sprintf(
		"resource \"terraform_data\" \"late\" {\n  input = { organization = %q, region = \"apac\", id = \"2iKo4Asy51EUx2gpJFW76t\" }\n}\n",
		ours,
	)
	run := func(steps ...resource.TestStep) {
		t.Helper()
		acctest.Need(t, acctest.Ephemerals)
		resource.Test(t, resource.TestCase{
			ProtoV6ProviderFactories: acctest.Factories,
			Steps:                    steps,
		})
	}
	run(
		resource.TestStep{
			Config:      provider(org, credentials) + login(`region = "mars"`),
			ExpectError: regexp.MustCompile(`"mars" is not a region`),
		},
		resource.TestStep{
			Config:      provider(org, credentials) + login(`organization_id = "acme"`),
			ExpectError: regexp.MustCompile(`"acme" is not a UUID`),
		},
		resource.TestStep{
			Config:      late + provider(org, "access_token_id = terraform_data.late.output.id", `access_token_secret = "cf_secret_x"`) + login(),
			ExpectError: regexp.MustCompile(`(?s)Credentials are not known yet.*-target`),
		},
	)
	run(resource.TestStep{
		Config: provider(org, credentials) + login(`region = "northamerica"`),
		ConfigStateChecks: seen(map[string]string{
			"organization_id": ours, "region": "northamerica", "hostname": ours + ".northamerica.registry.cloudfleet.dev",
			"username": "2iKo4Asy51EUx2gpJFW76t", "password": "cf_secret_x", "source": "access_token",
		}),
	})
	run(resource.TestStep{
		Config: provider(org) + login(),
		ConfigStateChecks: seen(map[string]string{
			"organization_id": ours, "region": "europe", "hostname": ours + ".europe.registry.cloudfleet.dev",
			"username": "somebody", "password": "for " + ours + ".europe.registry.cloudfleet.dev", "source": "credential_helper",
		}),
	})
	// Arguments that are known only after apply defer the read.
	run(resource.TestStep{
		Config: late + provider(
			credentials,
		) + login(
			"region = terraform_data.late.output.region",
			"organization_id = terraform_data.late.output.organization",
		),
		ConfigPlanChecks: resource.ConfigPlanChecks{
			PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction("echo.seen", plancheck.ResourceActionCreate)},
		},
		ConfigStateChecks: seen(map[string]string{"hostname": ours + ".apac.registry.cloudfleet.dev"}),
	})
}
