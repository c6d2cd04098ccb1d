package registry

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cfcr"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/credentialhelper"
)

const (
	ourOrganization   = "12345678-6651-4e5d-9c04-079f6532989b"
	theirOrganization = "550e8400-e29b-41d4-a716-446655440000"
)

// configured is a provider with an organization and an access token.
func configured(id, secret types.String) *providerdata.Data {
	return &providerdata.Data{
		OrganizationID: types.StringValue(ourOrganization), RegistryDomain: types.StringValue(cfcr.DefaultDomain),
		AccessTokenID: id, AccessTokenSecret: func() types.String { return secret }, Registries: &providerdata.Registries{},
	}
}

// openCredentials opens cloudfleet_registry_credentials with these arguments.
func openCredentials(t *testing.T, data *providerdata.Data, arguments map[string]string) (ephemeralModel, ephemeral.OpenResponse) {
	t.Helper()
	e := &EphemeralResource{provider: data}
	var described ephemeral.SchemaResponse
	e.Schema(t.Context(), ephemeral.SchemaRequest{}, &described)
	values := map[string]tftypes.Value{}
	for name := range described.Schema.Attributes {
		values[name] = tftypes.NewValue(tftypes.String, nil)
		if argument, set := arguments[name]; set {
			values[name] = tftypes.NewValue(tftypes.String, argument)
		}
	}
	raw := tftypes.NewValue(described.Schema.Type().TerraformType(t.Context()), values)
	resp := ephemeral.OpenResponse{Result: tfsdk.EphemeralResultData{Schema: described.Schema, Raw: raw}}
	e.Open(t.Context(), ephemeral.OpenRequest{Config: tfsdk.Config{Schema: described.Schema, Raw: raw}}, &resp)
	var m ephemeralModel
	if !resp.Diagnostics.HasError() {
		if diags := resp.Result.Get(t.Context(), &m); diags.HasError() {
			t.Fatal(diags)
		}
	}
	return m, resp
}

func TestRegistryCredentials(t *testing.T) {
	null := types.StringNull()
	id, secret := types.StringValue("2iKo4Asy51EUx2gpJFW76t"), types.StringValue("cf_secret_x")
	of := func(organizationID, region, username, password, config, source string) ephemeralModel {
		return ephemeralModel{
			OrganizationID: types.StringValue(organizationID), Region: types.StringValue(region),
			Hostname: types.StringValue(organizationID + "." + region + ".registry.cloudfleet.dev"),
			Username: types.StringValue(username), Password: types.StringValue(password),
			DockerConfigJSON: types.StringValue(config), Source: types.StringValue(source),
		}
	}
	withToken := `{"username":"2iKo4Asy51EUx2gpJFW76t","password":"cf_secret_x","auth":"MmlLbzRBc3k1MUVVeDJncEpGVzc2dDpjZl9zZWNyZXRfeA=="}}}`
	noOrganization := configured(id, secret)
	noOrganization.OrganizationID = null

	for name, test := range map[string]struct {
		data      *providerdata.Data
		arguments map[string]string
		script    string
		want      ephemeralModel
	}{
		"access token": {configured(id, secret), nil, credentialhelper.Answers,
			of(ourOrganization, "europe", id.ValueString(), "cf_secret_x", `{"auths":{"`+credentialhelper.Host+`":`+withToken, "access_token")},
		"region": {configured(id, secret), map[string]string{"region": "apac"}, "",
			of(ourOrganization, "apac", id.ValueString(), "cf_secret_x", `{"auths":{"`+ourOrganization+`.apac.registry.cloudfleet.dev":`+withToken, "access_token")},
		"organization here alone": {noOrganization, map[string]string{"organization_id": ourOrganization}, "",
			of(ourOrganization, "europe", id.ValueString(), "cf_secret_x", `{"auths":{"`+credentialhelper.Host+`":`+withToken, "access_token")},
		"credential helper": {configured(null, null), nil, credentialhelper.Answers,
			of(ourOrganization, "europe", "somebody", "hush-1",
				`{"auths":{"`+credentialhelper.Host+`":{"username":"somebody","password":"hush-1","auth":"c29tZWJvZHk6aHVzaC0x"}}}`, "credential_helper")},
		"credential helper, another organization": {configured(null, null), map[string]string{"organization_id": theirOrganization},
			`echo '{"Username": "a", "Secret": "b"}'`, of(theirOrganization, "europe", "a", "b",
				`{"auths":{"`+theirOrganization+`.europe.registry.cloudfleet.dev":{"username":"a","password":"b","auth":"YTpi"}}}`, "credential_helper")},
	} {
		t.Run(name, func(t *testing.T) {
			credentialhelper.Install(t, test.script)
			got, resp := openCredentials(t, test.data, test.arguments)
			if len(resp.Diagnostics) > 0 || got != test.want {
				t.Errorf("got %+v, %v", got, resp.Diagnostics)
			}
		})
	}
}

func TestRegistryCredentialsThatCannotBeHad(t *testing.T) {
	null, unknown := types.StringNull(), types.StringUnknown()
	id, secret := types.StringValue("2iKo4Asy51EUx2gpJFW76t"), types.StringValue("cf_secret_x")
	noOrganization, unknownDomain, unknownOrganization := configured(id, secret), configured(id, secret), configured(id, secret)
	noOrganization.OrganizationID, unknownDomain.RegistryDomain, unknownOrganization.OrganizationID = null, unknown, unknown
	const inPipelines = "In a pipeline, set the environment variables CLOUDFLEET_ACCESS_TOKEN_ID and CLOUDFLEET_ACCESS_TOKEN_SECRET"

	for name, test := range map[string]struct {
		data      *providerdata.Data
		arguments map[string]string
		script    string
		texts     []string
	}{
		"no organization":      {noOrganization, nil, "", []string{"No organization", "CLOUDFLEET_ORGANIZATION_ID"}},
		"unknown organization": {unknownOrganization, nil, "", []string{"Organization is not known yet", "-target"}},
		"unknown domain":       {unknownDomain, nil, "", []string{"Registry domain is not known yet", "-target"}},
		"unknown ID":           {configured(unknown, secret), nil, credentialhelper.Answers, []string{"Credentials are not known yet", "-target"}},
		"unknown secret":       {configured(id, unknown), nil, credentialhelper.Answers, []string{"Credentials are not known yet", "-target"}},
		"unknown ID alone":     {configured(unknown, null), nil, credentialhelper.Answers, []string{"Credentials are not known yet", "-target"}},
		"another organization": {configured(id, secret), map[string]string{"organization_id": theirOrganization}, credentialhelper.Answers,
			[]string{"Access token of another organization", ourOrganization, theirOrganization, "alias"}},
		"useless access token": {configured(id, types.StringValue("cf_secret_\xff")), nil, "", []string{"password is not UTF-8", "CLOUDFLEET_ACCESS_TOKEN_SECRET"}},
		"no helper": {configured(null, null), nil, "",
			[]string{"No credentials for " + credentialhelper.Host, "has no access token", "not on the PATH", "cloudfleet auth add-profile user default " + ourOrganization, inPipelines}},
		"not logged in": {configured(null, null), nil, "echo credentials not found in native keychain; exit 1",
			[]string{"has no credentials for it", "log in: `cloudfleet auth add-profile user default " + ourOrganization, inPipelines}},
		"garbage": {configured(null, null), nil, "echo cf_secret_y",
			[]string{"what is not a login", "`echo " + credentialhelper.Host + " | docker-credential-cloudfleet get`", inPipelines}},
		"failure": {configured(null, null), nil, "echo cf_secret_y >&2; exit 1",
			[]string{"failed: exit status 1", "`echo " + credentialhelper.Host + " | docker-credential-cloudfleet get`", inPipelines}},
	} {
		t.Run(name, func(t *testing.T) {
			credentialhelper.Install(t, test.script)
			_, resp := openCredentials(t, test.data, test.arguments)
			if len(resp.Diagnostics) != 1 || !resp.Diagnostics.HasError() {
				t.Fatal(resp.Diagnostics)
			}
			whole := resp.Diagnostics[0].Summary() + "\n" + resp.Diagnostics[0].Detail()
			for _, text := range test.texts {
				if !strings.Contains(whole, text) {
					t.Errorf("not said: %s\n%s", text, whole)
				}
			}
			if strings.Contains(whole, "cf_secret_") {
				t.Errorf("a secret is shown: %s", whole)
			}
		})
	}
}

func TestRegistryCredentialsAreSensitive(t *testing.T) {
	var described ephemeral.SchemaResponse
	NewEphemeralResource().Schema(t.Context(), ephemeral.SchemaRequest{}, &described)
	var sensitive []string
	for _, name := range slices.Sorted(maps.Keys(described.Schema.Attributes)) {
		if described.Schema.Attributes[name].IsSensitive() {
			sensitive = append(sensitive, name)
		}
	}
	if !slices.Equal(sensitive, []string{"docker_config_json", "password"}) {
		t.Errorf("sensitive: %v", sensitive)
	}
}
