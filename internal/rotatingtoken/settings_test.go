package rotatingtoken

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

// If the two tokens have different names and the configuration ignores them, name is null
// in the plan. Each token then keeps its own name, whatever else is sent.
func TestNullIsNeverSent(t *testing.T) {
	names := map[string]string{"2iKo4Asy51EUx2gpJFW76t": "one", "4vJ7qkEeP3xM9bYwRzT2nA": "two"}
	sent := map[string]cloudfleet.TokenSettings{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := strings.TrimPrefix(r.URL.Path, "/tokens/")
		if r.Method == http.MethodPut {
			var body cloudfleet.TokenSettings
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				t.Error(err)
			}
			sent[id] = body
		}
		_, _ = fmt.Fprintf(w, `{"id":%q,"name":%q,"role":"User"}`, id, names[id])
	}))
	defer server.Close()
	client, err := cloudfleet.New(cloudfleet.Options{Endpoint: server.URL, AccessTokenID: "x", AccessTokenSecret: "cf_secret_x"})
	if err != nil {
		t.Fatal(err)
	}
	r := &Resource{tokenkit.Resource{Data: &providerdata.Data{Client: client}}}
	for id, name := range names {
		plan := &model{Model: tokenkit.Model{Role: types.StringValue("Administrator")}}
		if diags := r.rename(t.Context(), &model{TokenID: types.StringValue(id)}, plan, &tokenkit.Memory{}); diags.HasError() {
			t.Fatal(diags)
		}
		if want := (cloudfleet.TokenSettings{Name: name, Role: cloudfleet.RoleAdministrator}); sent[id] != want {
			t.Errorf("sent %+v, want %+v", sent[id], want)
		}
	}
}
