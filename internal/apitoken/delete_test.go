package apitoken

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

// A delete is not planned again in the apply, so it checks by itself: the plan may not
// have known the provider's credentials.
func TestDeleteOfOwnTokenIsRefusedInTheApply(t *testing.T) {
	const id = "2iKo4Asy51EUx2gpJFW76t"
	client, err := cloudfleet.New(cloudfleet.Options{Endpoint: "http://127.0.0.1:1", AccessTokenID: id, AccessTokenSecret: "cf_secret_x"})
	if err != nil {
		t.Fatal(err)
	}
	own, data := types.StringValue(id), &providerdata.Data{Client: client}
	for name, test := range map[string]struct {
		resource resource.Resource
		state    any
	}{
		"a token": {&Resource{tokenkit.Resource{Data: data}}, &model{Model: tokenkit.NewModel(), ID: own}},
	} {
		var schema resource.SchemaResponse
		test.resource.Schema(t.Context(), resource.SchemaRequest{}, &schema)
		state := tfsdk.State{Schema: schema.Schema}
		if diags := state.Set(t.Context(), test.state); diags.HasError() {
			t.Fatal(diags)
		}
		resp := resource.DeleteResponse{State: state}
		test.resource.Delete(t.Context(), resource.DeleteRequest{State: state}, &resp)
		if len(resp.Diagnostics) != 1 || resp.Diagnostics[0].Summary() != "Refusing to delete the provider's own API token" {
			t.Errorf("%s: %v", name, resp.Diagnostics)
		}
	}
}
