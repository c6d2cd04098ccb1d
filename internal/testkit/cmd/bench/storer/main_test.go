package main

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/apitoken"
)

// Two providers can be compared only if they store the same attributes.
func TestSchemaIsThatOfTheProvider(t *testing.T) {
	t.Parallel()
	var want, got resource.SchemaResponse
	apitoken.NewResource().Schema(t.Context(), resource.SchemaRequest{}, &want)
	token{}.Schema(t.Context(), resource.SchemaRequest{}, &got)
	for name, w := range want.Schema.Attributes {
		g, ok := got.Schema.Attributes[name]
		switch {
		case !ok:
			t.Errorf("storer lacks %s", name)
		case !g.GetType().Equal(w.GetType()), g.IsRequired() != w.IsRequired(), g.IsOptional() != w.IsOptional(),
			g.IsComputed() != w.IsComputed(), g.IsSensitive() != w.IsSensitive(), g.IsWriteOnly() != w.IsWriteOnly():
			t.Errorf("%s is %#v, want it as in %#v", name, g, w)
		}
		delete(got.Schema.Attributes, name)
	}
	for name := range got.Schema.Attributes {
		t.Errorf("storer has %s, which the provider has not", name)
	}
}
