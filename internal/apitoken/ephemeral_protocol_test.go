package apitoken_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
)

// ephemeralToken calls the ephemeral resource over the plugin protocol, without a CLI, so
// that a test sees warnings and results in full.
type ephemeralToken struct {
	t      *testing.T
	server tfprotov6.ProviderServer
	kind   tftypes.Object
}

const ephemeralType = "cloudfleet_api_token"

// serve configures a provider for cloud.
func serve(t *testing.T, cloud *acctest.Cloud) ephemeralToken {
	t.Helper()
	server, err := acctest.Factories["cloudfleet"]()
	must(t, err)
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	must(t, err)
	config := dynamic(t, schemas.Provider.ValueType(), map[string]any{
		"endpoint": cloud.Endpoint, "access_token_id": cloud.TokenID, "access_token_secret": cloud.TokenSecret, "max_retries": 0,
	})
	configured, err := server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{Config: config})
	must(t, err)
	if len(configured.Diagnostics) > 0 {
		t.Fatal(configured.Diagnostics[0])
	}
	kind, ok := schemas.EphemeralResourceSchemas[ephemeralType].ValueType().(tftypes.Object)
	if !ok {
		t.Fatal("the schema is not an object")
	}
	return ephemeralToken{t, server, kind}
}

func (e ephemeralToken) validate(config map[string]any) []*tfprotov6.Diagnostic {
	e.t.Helper()
	resp, err := e.server.ValidateEphemeralResourceConfig(e.t.Context(), &tfprotov6.ValidateEphemeralResourceConfigRequest{
		TypeName: ephemeralType, Config: dynamic(e.t, e.kind, config),
	})
	must(e.t, err)
	return resp.Diagnostics
}

// open returns the diagnostics, and the private data for the close.
func (e ephemeralToken) open(config map[string]any) (map[string]string, []byte, []*tfprotov6.Diagnostic) {
	e.t.Helper()
	resp, err := e.server.OpenEphemeralResource(e.t.Context(), &tfprotov6.OpenEphemeralResourceRequest{
		TypeName: ephemeralType, Config: dynamic(e.t, e.kind, config),
	})
	must(e.t, err)
	value, err := resp.Result.Unmarshal(e.kind)
	must(e.t, err)
	var attributes map[string]tftypes.Value
	must(e.t, value.As(&attributes))
	result := map[string]string{}
	for name, attribute := range attributes {
		var text *string
		must(e.t, attribute.As(&text))
		if text != nil {
			result[name] = *text
		}
	}
	return result, resp.Private, resp.Diagnostics
}

func (e ephemeralToken) close(private []byte) []*tfprotov6.Diagnostic {
	e.t.Helper()
	resp, err := e.server.CloseEphemeralResource(
		e.t.Context(),
		&tfprotov6.CloseEphemeralResourceRequest{TypeName: ephemeralType, Private: private},
	)
	must(e.t, err)
	return resp.Diagnostics
}

// dynamic is an object of this type with these attributes, and null for the others.
func dynamic(t *testing.T, kind tftypes.Type, attributes map[string]any) *tfprotov6.DynamicValue {
	t.Helper()
	object, ok := kind.(tftypes.Object)
	if !ok {
		t.Fatal("the schema is not an object")
	}
	values := map[string]tftypes.Value{}
	for name, kind := range object.AttributeTypes {
		values[name] = tftypes.NewValue(kind, attributes[name])
	}
	value, err := tfprotov6.NewDynamicValue(object, tftypes.NewValue(object, values))
	must(t, err)
	return &value
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
