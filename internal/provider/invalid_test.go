package provider_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
)

func TestInvalidConfiguration(t *testing.T) {
	const id, secret = "2iKo4Asy51EUx2gpJFW76t", "cf_secret_x"
	const idArgument, secretArgument = "access_token_id", "access_token_secret"
	for name, test := range map[string]struct {
		arguments map[string]any
		variables map[string]string
		message   string
	}{
		"ID without secret": {map[string]any{idArgument: id}, nil,
			`Missing access_token_secret.*must be set together.*CLOUDFLEET_ACCESS_TOKEN_SECRET`},
		"secret without ID": {map[string]any{secretArgument: secret}, nil,
			`Missing access_token_id.*must be set together.*CLOUDFLEET_ACCESS_TOKEN_ID`},
		"variable ID without secret": {nil, map[string]string{"ACCESS_TOKEN_ID": "2iKo4Asy51EUx2gpJFW76t"},
			`Missing access_token_secret`},
		"organization":          {map[string]any{"organization_id": "acme"}, nil, `Invalid organization_id.*"acme" is not a UUID`},
		"organization variable": {nil, map[string]string{"ORGANIZATION_ID": "acme"}, `Invalid CLOUDFLEET_ORGANIZATION_ID.*"acme" is not a UUID`},
		"ID":                    {map[string]any{secretArgument: secret, "access_token_id": "a:b"}, nil, `not the ID of an API token`},
		"swapped":               {nil, map[string]string{"ACCESS_TOKEN_ID": "cf_secret_hush", "ACCESS_TOKEN_SECRET": "2iKo4Asy51EUx2gpJFW76t"}, `may be swapped`},
		"byte order mark":       {nil, map[string]string{"ACCESS_TOKEN_ID": "2iKo4Asy51EUx2gpJFW76t", "ACCESS_TOKEN_SECRET": "\ufeffcf_secret_x"}, `invisible character`},
		"quoted secret":         {map[string]any{idArgument: id, "access_token_secret": "'cf_secret_x'"}, nil, `quotation marks`},
		"empty secret":          {map[string]any{idArgument: id, "access_token_secret": ""}, nil, `The secret is empty`},
		"secret with a line break": {map[string]any{idArgument: id, "access_token_secret": "cf_secret_x\n"}, nil,
			`Invalid access_token_secret.*use\s+trimspace`},
		"plain HTTP to elsewhere": {map[string]any{"endpoint": "http://api.example.com/v1"}, nil,
			`Invalid endpoint.*"http://api.example.com/v1" does not use HTTPS`},
		"no URL":            {map[string]any{"endpoint": "api.cloudfleet.ai"}, nil, `The endpoint is not a base URL`},
		"endpoint variable": {nil, map[string]string{"ENDPOINT": "http://api.example.com"}, `Invalid CLOUDFLEET_ENDPOINT.*does not use HTTPS`},
		"domain":            {map[string]any{"registry_domain": "https://registry.test"}, nil, `"https://registry.test" is not a domain`},
		"timeout":           {map[string]any{"request_timeout": "30"}, nil, `"30" is not a duration above zero`},
		"no timeout at all": {map[string]any{"request_timeout": "0s"}, nil, `"0s" is not a duration above zero`},
		"retries variable":  {nil, map[string]string{"MAX_RETRIES": "often"}, `Invalid CLOUDFLEET_MAX_RETRIES.*"often" is not a whole number from 0 to 20`},
		"retries":           {map[string]any{"max_retries": 21}, nil, `21 is not a whole number from 0 to 20`},
		"half a retry":      {map[string]any{"max_retries": 2.5}, nil, `2.5 is not a whole number from 0 to 20`},
	} {
		t.Run(name, func(t *testing.T) {
			setenv(t, test.variables)
			_, diags := protocoltest.Configure(t, test.arguments)
			if shown := diags.String(); !diags.HasError() ||
				!regexp.MustCompile(`(?s)`+strings.ReplaceAll(test.message, " ", `\s+`)).MatchString(shown) {
				t.Errorf("shown: %s", shown)
			}
		})
	}
}
