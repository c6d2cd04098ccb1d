package provider_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/provider"
)

// deferring calls everything that a provider with one unknown argument serves, and
// returns what it defers to a later run.
func deferring(t *testing.T, unknown string, allowed bool) []string {
	t.Helper()
	server, err := providerserver.NewProtocol6WithError(provider.New("test")())()
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	// config is all null except for these values.
	config := func(schema *tfprotov6.Schema, values map[string]any) *tfprotov6.DynamicValue {
		object, isObject := schema.ValueType().(tftypes.Object)
		if !isObject {
			t.Fatal("a schema is not an object")
		}
		attributes := map[string]tftypes.Value{}
		for name, kind := range object.AttributeTypes {
			attributes[name] = tftypes.NewValue(kind, nil)
			if value, set := values[name]; set {
				attributes[name] = tftypes.NewValue(kind, value)
			}
		}
		packed, err := tfprotov6.NewDynamicValue(schema.ValueType(), tftypes.NewValue(schema.ValueType(), attributes))
		if err != nil {
			t.Fatal(err)
		}
		return &packed
	}
	nothing := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(nothing.Close)
	host := strings.Replace(nothing.Listener.Addr().String(), "127.0.0.1", "localhost", 1)
	arguments := map[string]any{
		"organization_id": "12345678-6651-4e5d-9c04-079f6532989b", "access_token_id": "2iKo4Asy51EUx2gpJFW76t",
		"access_token_secret": "cf_secret_0123456789", "endpoint": nothing.URL, "registry_domain": host, "max_retries": 0,
	}
	arguments[unknown] = tftypes.UnknownValue
	configured, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{
		Config: config(schemas.Provider, arguments), ClientCapabilities: &tfprotov6.ConfigureProviderClientCapabilities{DeferralAllowed: allowed},
	})
	if err != nil || len(configured.Diagnostics) > 0 {
		t.Fatal(err, configured.Diagnostics)
	}

	var deferred []string
	note := func(name string, d *tfprotov6.Deferred, err error) {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d != nil {
			deferred = append(deferred, name)
		}
	}
	for name, schema := range schemas.ResourceSchemas {
		prior := config(
			schema,
			map[string]any{"name": "ci", "role": "User", "id": "A", "token_id": "A", "repository": "a", "source": host + "/b:1"},
		)
		null, err := tfprotov6.NewDynamicValue(schema.ValueType(), tftypes.NewValue(schema.ValueType(), nil))
		if err != nil {
			t.Fatal(err)
		}
		planned, err := server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
			TypeName: name, PriorState: &null, ProposedNewState: prior, Config: prior,
			ClientCapabilities: &tfprotov6.PlanResourceChangeClientCapabilities{DeferralAllowed: allowed},
		})
		note("plan "+name, planned.Deferred, err)
		read, err := server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
			TypeName: name, CurrentState: prior, ClientCapabilities: &tfprotov6.ReadResourceClientCapabilities{DeferralAllowed: allowed},
		})
		note("read "+name, read.Deferred, err)
		imported, err := server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{
			TypeName: name, ID: "A", ClientCapabilities: &tfprotov6.ImportResourceStateClientCapabilities{DeferralAllowed: allowed},
		})
		note("import "+name, imported.Deferred, err)
	}
	for name, schema := range schemas.DataSourceSchemas {
		read, err := server.ReadDataSource(ctx, &tfprotov6.ReadDataSourceRequest{
			TypeName: name, Config: config(schema, map[string]any{"id": "A", "repository": "a"}),
			ClientCapabilities: &tfprotov6.ReadDataSourceClientCapabilities{DeferralAllowed: allowed},
		})
		note("data "+name, read.Deferred, err)
	}
	for name, schema := range schemas.EphemeralResourceSchemas {
		opened, err := server.OpenEphemeralResource(ctx, &tfprotov6.OpenEphemeralResourceRequest{
			TypeName: name, Config: config(schema, map[string]any{"name": "ci"}),
			ClientCapabilities: &tfprotov6.OpenEphemeralResourceClientCapabilities{DeferralAllowed: allowed},
		})
		note("open "+name, opened.Deferred, err)
	}
	slices.Sort(deferred)
	return deferred
}

// Only calls that need an unknown value are deferred, and only if the CLI allows it for
// that call.
func TestDeferral(t *testing.T) {
	t.Parallel()
	api := []string{
		"data cloudfleet_api_token", "data cloudfleet_api_tokens", "data cloudfleet_organization",
		"open cloudfleet_api_token",
		"plan cloudfleet_api_token", "plan cloudfleet_rotating_api_token", "read cloudfleet_api_token", "read cloudfleet_rotating_api_token",
	}
	registry := []string{
		"data cloudfleet_registry_image", "data cloudfleet_registry_repositories",
		"open cloudfleet_registry_credentials", "plan cloudfleet_registry_image", "read cloudfleet_registry_image",
	}
	// Imports are not called: a read follows, which is.
	hostname := append(slices.Clone(registry), "data cloudfleet_registry", "import cloudfleet_registry_image")
	want := map[string][]string{
		"access_token_id": append(slices.Clone(api), registry...), "access_token_secret": append(slices.Clone(api), registry...),
		"organization_id": hostname, "registry_domain": hostname,
		"endpoint": api, "request_timeout": api, "max_retries": api, "": nil,
	}
	for _, unknown := range slices.Sorted(maps.Keys(want)) {
		slices.Sort(want[unknown])
		if got := deferring(t, unknown, true); !slices.Equal(got, want[unknown]) {
			t.Errorf("%q unknown: deferred are\n%q, want\n%q", unknown, got, want[unknown])
		}
		if got := deferring(t, unknown, false); got != nil {
			t.Errorf("%q unknown: deferred without an offer are %q", unknown, got)
		}
	}
}
