package registry_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

const (
	address = "data.cloudfleet_registry.this"
	ours    = "12345678-6651-4e5d-9c04-079f6532989b"
	theirs  = "550E8400-E29B-41D4-A716-446655440000"
)

func registry(arguments ...string) string {
	return fmt.Sprintf("data \"cloudfleet_registry\" \"this\" {\n  %s\n}\n", strings.Join(arguments, "\n  "))
}

func provider(arguments ...string) string {
	return fmt.Sprintf("provider \"cloudfleet\" {\n  %s\n}\n", strings.Join(arguments, "\n  "))
}

func is(organizationID, region, hostname string) []statecheck.StateCheck {
	var checks []statecheck.StateCheck
	for name, value := range map[string]string{
		"organization_id": organizationID, "region": region,
		"hostname": hostname, "id": hostname, "url": "https://" + hostname,
	} {
		checks = append(checks, statecheck.ExpectKnownValue(address, tfjsonpath.New(name), knownvalue.StringExact(value)))
	}
	return checks
}

// None of these has credentials.
func TestAccRegistry(t *testing.T) {
	org := fmt.Sprintf("organization_id = %q", ours)
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories,
		Steps: []resource.TestStep{
			{
				Config:      provider() + registry(),
				ExpectError: regexp.MustCompile(`(?s)No organization.*CLOUDFLEET_ORGANIZATION_ID`),
			},
			{
				Config:      provider(org) + registry(`region = "mars"`),
				ExpectError: regexp.MustCompile(`(?s)"mars" is not a region.*europe,\s+northamerica,\s+apac`),
			},
			{
				Config:      provider(org) + registry(`organization_id = "acme"`),
				ExpectError: regexp.MustCompile(`"acme" is not a UUID`),
			},
			{
				Config:            provider(org) + registry(),
				ConfigStateChecks: is(ours, "europe", ours+".europe.registry.cloudfleet.dev"),
			},
			{
				Config:            provider(org) + registry(`region = "apac"`),
				ConfigStateChecks: is(ours, "apac", ours+".apac.registry.cloudfleet.dev"),
			},
			{
				Config:            provider() + registry(fmt.Sprintf("organization_id = %q", theirs), `region = "northamerica"`),
				ConfigStateChecks: is(theirs, "northamerica", strings.ToLower(theirs)+".northamerica.registry.cloudfleet.dev"),
			},
			{
				Config:            provider(org, `registry_domain = "127.0.0.1:5000"`) + registry(),
				ConfigStateChecks: is(ours, "europe", ours+".europe.127.0.0.1:5000"),
			},
		},
	})
}

func TestAccRegistryMakesNoCall(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	cloud.Run(t, resource.TestStep{
		Config:            registry(),
		ConfigStateChecks: is(cloud.OrganizationID, "europe", cloud.OrganizationID+".europe."+cloud.RegistryDomain),
	})
	if requests := cloud.Requests(); len(requests) > 0 {
		t.Errorf("the API was asked: %v", requests)
	}
}

// A data source that is read in the plan cannot have an organization that is known only
// after apply. The data source's own argument can.
func TestAccRegistryOfAnUnknownOrganization(t *testing.T) {
	late := fmt.Sprintf("resource \"terraform_data\" \"late\" {\n  input = %q\n}\n", ours) +
		provider("organization_id = terraform_data.late.output")
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories,
		Steps: []resource.TestStep{
			{
				Config:      late + registry(),
				ExpectError: regexp.MustCompile(`(?s)Organization is not known yet.*-target`),
			},
			{
				Config:            late + registry(fmt.Sprintf("organization_id = %q", ours)),
				ConfigStateChecks: is(ours, "europe", ours+".europe.registry.cloudfleet.dev"),
			},
		},
	})
}
