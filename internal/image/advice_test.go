package image_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
)

// For each wrong answer of a registry, the next step fits the cause.
func TestAdviceByCause(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	push(t, cloud, "europe", "app", "v1", "linux/amd64")
	const manifest, list = "cloudfleet_registry_image", "cloudfleet_registry_repositories"
	for name, test := range map[string]struct {
		dataSource string
		answer     http.HandlerFunc
		says       string
	}{
		"page of HTML": {list, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<html>Log in</html>"))
		}, "proxy or a gateway"},
		"manifest of 5 MiB": {manifest, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
			_, _ = w.Write(make([]byte, 5<<20))
		}, "fewer parts"},
		"Link to another host": {list, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", `<https://registry.example.com/v2/_catalog?last=a>; rel="next"`)
			_, _ = w.Write([]byte(`{"repositories": ["a"]}`))
		}, "external URL"},
		"challenge without realm": {list, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", `Bearer service="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
		}, "has no realm"},
	} {
		cloud.InterceptRegistry(func(http.Handler) http.Handler { return test.answer })
		p := protocoltest.Start(t, cloud, map[string]any{"registry_domain": cloud.RegistryDomain})
		config := map[string]any{}
		if test.dataSource == manifest {
			config = map[string]any{"repository": "app", "tag": "v1"}
		}
		if _, diags := p.Data(t.Context(), test.dataSource, config); !diags.HasError() || !strings.Contains(diags.String(), test.says) ||
			strings.Contains(diags.String(), "push it again") {
			t.Errorf("%s: it does not say %q: %v", name, test.says, diags)
		}
	}
}
