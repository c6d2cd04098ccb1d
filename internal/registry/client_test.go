package registry

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// Without an access token the registry is read with the login from the machine's
// credential helper, which is called once in a run.
func TestClientOfLogsInWithTheHelper(t *testing.T) {
	server := mockserver.New(mockserver.Options{})
	own := server.AddOrganization("Test")
	listener := httptest.NewServer(server)
	defer listener.Close()
	data := configured(types.StringNull(), types.StringNull())
	data.OrganizationID = types.StringValue(own.OrganizationID)
	data.RegistryDomain = types.StringValue(strings.Replace(listener.Listener.Addr().String(), "127.0.0.1", "localhost", 1))
	data.Registries = &providerdata.Registries{}
	data.Calls = oci.Options{RequestTimeout: time.Minute}
	asked := filepath.Join(t.TempDir(), "asked")
	install(t, fmt.Sprintf("echo x >>'%s'; echo '{\"Username\": \"%s\", \"Secret\": \"%s\"}'", asked, own.TokenID, own.TokenSecret))
	for range 3 {
		region := types.StringNull()
		client, _, diags := clientOf(t.Context(), data, &region, "Could not list")
		if diags.HasError() {
			t.Fatal(diags)
		}
		if _, err := client.Repositories(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if calls, err := os.ReadFile(asked); err != nil || strings.Count(string(calls), "x") != 1 {
		t.Errorf("the helper was asked %q: %v", calls, err)
	}
}

func TestClientOfWithoutALogin(t *testing.T) {
	data := configured(types.StringNull(), types.StringNull())
	data.Registries = &providerdata.Registries{}
	install(t, "")
	region := types.StringNull()
	_, _, diags := clientOf(t.Context(), data, &region, "Could not list")
	if !diags.HasError() || diags[0].Summary() != "Could not list" || !strings.Contains(diags[0].Detail(), "CLOUDFLEET_ACCESS_TOKEN_ID") {
		t.Error(diags)
	}
}
