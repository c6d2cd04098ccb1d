package rotatingtoken

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
	own, other := types.StringValue(id), types.StringValue("4vJ7qkEeP3xM9bYwRzT2nA")
	data := &providerdata.Data{Client: client}
	for name, slots := range map[string][2]types.String{"current": {own, other}, "previous": {other, own}} {
		r, m := &Resource{tokenkit.Resource{Data: data}}, newModel(tokenkit.NewModel(), slots[0])
		m.PreviousTokenID = slots[1]
		var schema resource.SchemaResponse
		r.Schema(t.Context(), resource.SchemaRequest{}, &schema)
		state := tfsdk.State{Schema: schema.Schema}
		if diags := state.Set(t.Context(), m); diags.HasError() {
			t.Fatal(diags)
		}
		resp := resource.DeleteResponse{State: state}
		r.Delete(t.Context(), resource.DeleteRequest{State: state}, &resp)
		if len(resp.Diagnostics) != 1 || resp.Diagnostics[0].Summary() != "Refusing to delete the provider's own API token" {
			t.Errorf("%s: %v", name, resp.Diagnostics)
		}
	}
}
