package provider

import (
	"maps"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// configure configures a provider with one argument that is unknown, or none.
func configure(t *testing.T, unknown string, deferralAllowed bool) provider.ConfigureResponse {
	t.Helper()
	p := &Provider{}
	var schema provider.SchemaResponse
	p.Schema(t.Context(), provider.SchemaRequest{}, &schema)
	object, ok := schema.Schema.Type().TerraformType(t.Context()).(tftypes.Object)
	if !ok {
		t.Fatal("the schema is not an object")
	}
	values := map[string]tftypes.Value{}
	for name, kind := range object.AttributeTypes {
		values[name] = tftypes.NewValue(kind, nil)
		if name == unknown {
			values[name] = tftypes.NewValue(kind, tftypes.UnknownValue)
		}
	}
	req := provider.ConfigureRequest{Config: tfsdk.Config{Schema: schema.Schema, Raw: tftypes.NewValue(object, values)}}
	req.ClientCapabilities.DeferralAllowed = deferralAllowed
	var resp provider.ConfigureResponse
	p.Configure(t.Context(), req, &resp)
	if resp.Diagnostics.HasError() {
		t.Fatal(resp.Diagnostics)
	}
	return resp
}

func TestUnknownConfigurationIsDeferredWhereAllowed(t *testing.T) {
	p := &Provider{}
	var schema provider.SchemaResponse
	p.Schema(t.Context(), provider.SchemaRequest{}, &schema)
	for _, name := range slices.Sorted(maps.Keys(schema.Schema.Attributes)) {
		if resp := configure(t, name, true); resp.Deferred == nil || resp.Deferred.Reason != provider.DeferredReasonProviderConfigUnknown {
			t.Errorf("%s unknown: deferred %v", name, resp.Deferred)
		}
		if resp := configure(t, name, false); resp.Deferred != nil {
			t.Errorf("%s unknown: deferred where that is not allowed", name)
		}
	}
	if resp := configure(t, "", true); resp.Deferred != nil {
		t.Error("all known: deferred")
	}
}
