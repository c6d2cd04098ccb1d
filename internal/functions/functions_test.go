package functions_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/functions"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

const (
	ours     = "12345678-6651-4e5d-9c04-079f6532989b"
	theirs   = "550E8400-E29B-41D4-A716-446655440000"
	hostname = ours + ".europe.registry.cloudfleet.dev"
	digest   = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

// call is a call of a function with arguments that are strings.
func call(name string, arguments ...string) string {
	for i, s := range arguments {
		arguments[i] = fmt.Sprintf("%q", s)
	}
	return expression(name, arguments...)
}

func expression(name string, arguments ...string) string {
	return fmt.Sprintf("provider::cloudfleet::%s(%s)", name, strings.Join(arguments, ", "))
}

func valueOutput(value string, arguments ...string) string {
	return rowOutput("this", value, arguments...)
}

func rowOutput(label, value string, arguments ...string) string {
	return fmt.Sprintf("output %q {\n  value = %s\n  %s\n}\n", label, value, strings.Join(arguments, "\n  "))
}

func outputs(value knownvalue.Check) []statecheck.StateCheck {
	return []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("this", value)}
}

// runFunctions has no provider block.
func runFunctions(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	acctest.Need(t, acctest.Functions)
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories,
		Steps:                    steps,
	})
}

func TestAccFunctions(t *testing.T) {
	config, checks := "", []statecheck.StateCheck{}
	for name, test := range map[string]struct {
		value string
		want  knownvalue.Check
	}{
		"host name": {call("registry_hostname", ours, "europe"), knownvalue.StringExact(hostname)},
		"host name in lower case": {call("registry_hostname", theirs, "apac"),
			knownvalue.StringExact(strings.ToLower(theirs) + ".apac.registry.cloudfleet.dev")},
		"image by tag":    {call("image_ref", hostname, "shop/checkout", "v1.4.2"), knownvalue.StringExact(hostname + "/shop/checkout:v1.4.2")},
		"image by digest": {call("image_ref", hostname, "checkout", digest), knownvalue.StringExact(hostname + "/checkout@" + digest)},
		"Docker configuration": {call("docker_config_json", hostname, "2iKo4Asy51EUx2gpJFW76t", "cf_secret_x"),
			knownvalue.StringExact(`{"auths":{"` + hostname + `":{"username":"2iKo4Asy51EUx2gpJFW76t","password":"cf_secret_x",` +
				`"auth":"MmlLbzRBc3k1MUVVeDJncEpGVzc2dDpjZl9zZWNyZXRfeA=="}}}`)},
		"Docker configuration for two registries": {call("docker_config_json", "localhost:5000", "a", "b", "LOCALHOST:5001"),
			knownvalue.StringExact(`{"auths":{"localhost:5000":{"username":"a","password":"b","auth":"YTpi"},` +
				`"localhost:5001":{"username":"a","password":"b","auth":"YTpi"}}}`)},
		"Docker configuration with what is escaped": {call("docker_config_json", "localhost:5000", "a<b>&", `p"\/<&>é:x`),
			knownvalue.StringExact(`{"auths":{"localhost:5000":{"username":"a\u003cb\u003e\u0026","password":"p\"\\/\u003c\u0026\u003eé:x",` +
				`"auth":"YTxiPiY6cCJcLzwmPsOpOng="}}}`)},
	} {
		label := acctest.Label(name)
		config += rowOutput(label, test.value)
		checks = append(checks, statecheck.ExpectKnownOutputValue(label, test.want))
	}
	runFunctions(t, resource.TestStep{Config: config, ConfigStateChecks: checks})
}

func TestAccFunctionsRefuse(t *testing.T) {
	tests := map[string]struct{ value, argument, message string }{
		"organization": {call("registry_hostname", "acme", "europe"), "organization_id", `"acme" is not a UUID`},
		"region": {
			call("registry_hostname", ours, "mars"),
			"region",
			`"mars" is not a region of the Cloudfleet registry. Use one of: europe, northamerica, apac.`,
		},
		"no region": {expression("registry_hostname", `"`+ours+`"`, "null"), "region", "argument must not be null"},
		"URL": {
			call("image_ref", "https://"+hostname, "checkout", "v1"),
			"hostname",
			`"https://` + hostname + `" is not the host name of a registry`,
		},
		"repository": {
			call("image_ref", hostname, "Shop", "v1"),
			"repository",
			`"Shop" is not the name of a repository, such as shop/checkout`,
		},
		"reference": {call("image_ref", hostname, "checkout", ".v1"), "reference", `".v1" is neither a tag nor a digest.`},
		"short digest": {
			call("image_ref", hostname, "checkout", "sha256:abc"),
			"reference",
			`"sha256:abc" is neither a tag nor a digest.`,
		},
		"host name": {call("docker_config_json", "registry", "a", "b"), "hostname", `"registry" is not the host name of a registry`},
		"further host name": {
			call("docker_config_json", hostname, "a", "b", "registry"),
			"more_hostnames",
			`"registry" is not the host name of a registry`,
		},
		"user name":       {call("docker_config_json", hostname, "a:b", "c"), "username", "a user name cannot have a colon"},
		"empty user name": {call("docker_config_json", hostname, "", "c"), "username", "the user name is empty"},
		"password": {
			call("docker_config_json", hostname, "a", "b\n"),
			"password",
			"the password has a control character",
		},
		"no user name": {
			expression("docker_config_json", `"`+hostname+`"`, "tostring(null)", `"b"`),
			"username",
			"argument must not be null",
		},
		"no password": {
			expression("docker_config_json", `"`+hostname+`"`, `"a"`, "tostring(null)"),
			"password",
			"argument must not be null",
		},
		"second of two mistakes": {
			call("registry_hostname", "acme", "mars"),
			"organization_id",
			`"acme" is not a UUID, such as ` + ours + ` "mars" is not a region`,
		},
	}
	config := ""
	for name, test := range tests {
		config += rowOutput(acctest.Label(name), test.value)
	}
	errors := acctest.PlanErrors(t, acctest.Functions, config)
	for name, test := range tests {
		want := tokentest.Message(fmt.Sprintf("Invalid value for %q parameter: %s", test.argument, test.message))
		if shown := errors[acctest.Label(name)]; !want.MatchString(shown) {
			t.Errorf("%s: shown: %s", name, shown)
		}
	}
}

func TestAccDockerConfigJSONIsAsSensitiveAsThePassword(t *testing.T) {
	value := expression("docker_config_json", `"`+hostname+`"`, `"a"`, `sensitive("b")`)
	runFunctions(t,
		resource.TestStep{
			Config:      valueOutput(value),
			ExpectError: regexp.MustCompile(`(?s)Output refers to sensitive values`),
		},
		resource.TestStep{
			Config:            valueOutput(value, "sensitive = true"),
			ConfigStateChecks: outputs(knownvalue.StringExact(`{"auths":{"` + hostname + `":{"username":"a","password":"b","auth":"YTpi"}}}`)),
		},
	)
}

func TestAccFunctionsOfUnknownArguments(t *testing.T) {
	late := fmt.Sprintf("resource \"terraform_data\" \"late\" {\n  input = %q\n}\n", hostname)
	unknown := "terraform_data.late.output"
	config, planned, checks := late, []plancheck.PlanCheck{}, []statecheck.StateCheck{}
	for name, test := range map[string]struct{ value, want string }{
		"image_ref":          {expression("image_ref", unknown, `"checkout"`, `"v1"`), hostname + "/checkout:v1"},
		"docker_config_json": {expression("docker_config_json", unknown, `"a"`, `"b"`), `{"auths":{"` + hostname + `":{"username":"a","password":"b","auth":"YTpi"}}}`},
	} {
		label := acctest.Label(name)
		config += rowOutput(label, test.value)
		planned = append(planned, plancheck.ExpectUnknownOutputValue(label))
		checks = append(checks, statecheck.ExpectKnownOutputValue(label, knownvalue.StringExact(test.want)))
	}
	runFunctions(t, resource.TestStep{
		Config: config, ConfigStateChecks: checks,
		ConfigPlanChecks: resource.ConfigPlanChecks{
			PreApply: planned, PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
		},
	})
}

func TestFunctionsAreDescribed(t *testing.T) {
	for _, newFunction := range functions.All() {
		f := newFunction()
		var metadata function.MetadataResponse
		f.Metadata(t.Context(), function.MetadataRequest{}, &metadata)
		var resp function.DefinitionResponse
		f.Definition(t.Context(), function.DefinitionRequest{}, &resp)
		var validation function.DefinitionValidateResponse
		resp.Definition.ValidateImplementation(t.Context(), function.DefinitionValidateRequest{FuncName: metadata.Name}, &validation)
		if resp.Diagnostics.HasError() || validation.Diagnostics.HasError() {
			t.Errorf("%s: %v %v", metadata.Name, resp.Diagnostics, validation.Diagnostics)
		}
		if resp.Definition.Summary == "" || !strings.HasPrefix(resp.Definition.MarkdownDescription, "Returns ") {
			t.Errorf("%s does not say what it returns", metadata.Name)
		}
		for _, parameter := range resp.Definition.Parameters {
			if parameter.GetMarkdownDescription() == "" {
				t.Errorf("%s does not say what %s is", metadata.Name, parameter.GetName())
			}
		}
	}
}
