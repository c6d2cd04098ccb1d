package apitoken_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
)

// An API of another form is reported as that, in one sentence that does not contain its
// content.
func TestForeignAPI(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"an envelope":        `{"items": [{"id": "2iKo4Asy51EUx2gpJFW76t"}], "next_cursor": null}`,
		"a number":           `7`,
		"another type":       `[{"id": 7}]`,
		"fields of no token": `{"data": {"tokenId": "2iKo4Asy51EUx2gpJFW76t"}}`,
	} {
		cloud := acctest.Start(t, mockserver.Options{})
		cloud.Intercept(func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) })
		})
		p := protocoltest.Start(t, cloud, map[string]any{"organization_id": nil})
		asked := map[string]func() protocoltest.Diags{
			"cloudfleet_api_tokens": func() protocoltest.Diags {
				_, diags := p.Data(t.Context(), "cloudfleet_api_tokens", nil)
				return diags
			},
			"cloudfleet_api_token": func() protocoltest.Diags {
				_, diags := p.Data(t.Context(), "cloudfleet_api_token", map[string]any{"id": "2iKo4Asy51EUx2gpJFW76t"})
				return diags
			},
		}
		for what, ask := range asked {
			diags := ask()
			said := diags.String()
			if !diags.HasError() || !strings.Contains(said, "not the one that this version of the provider knows") ||
				strings.Contains(said, "unmarshal") {
				t.Errorf("%s, %s: %s", name, what, said)
			}
		}
	}
}
