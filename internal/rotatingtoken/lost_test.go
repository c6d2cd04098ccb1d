package rotatingtoken

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

// A rotation that creates a token deletes it again if the CLI has ended meanwhile: the
// first rotation, and one whose previous token is gone.
func TestTokenForACLIThatIsGone(t *testing.T) {
	t.Parallel()
	for name, previous := range map[string]types.String{"first": types.StringNull(), "previous is gone": types.StringValue("4vJ7qkEeP3xM9bYwRzT2nA")} {
		mock := mockserver.New(mockserver.Options{})
		own := mock.AddOrganization("Test")
		server := httptest.NewServer(mock)
		t.Cleanup(server.Close)
		client, err := cloudfleet.New(
			cloudfleet.Options{Endpoint: server.URL + "/v1", AccessTokenID: own.TokenID, AccessTokenSecret: own.TokenSecret},
		)
		if err != nil {
			t.Fatal(err)
		}
		r := &Resource{tokenkit.Resource{Data: &providerdata.Data{
			Client: client, Process: providerdata.ProcessUntil(func() bool { return true }),
		}}}
		m := model{TokenID: types.StringValue("2iKo4Asy51EUx2gpJFW76t"), PreviousTokenID: previous}
		m.Name, m.Role = types.StringValue("ci"), types.StringValue("User")
		_, diags := r.issue(t.Context(), m, &tokenkit.Memory{})
		if !diags.HasError() || !strings.Contains(diags[0].Summary(), "was deleted again") {
			t.Errorf("%s: %v", name, diags)
		}
		if left := mock.Tokens(own.OrganizationID); len(left) != 1 {
			t.Errorf("%s: left are %v", name, left)
		}
	}
}
