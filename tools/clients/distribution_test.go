package clients

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	"github.com/sirupsen/logrus"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/testimage"
)

// newDistribution is a registry of CNCF Distribution, which Cloudfleet adopted.
func newDistribution(t testing.TB) http.Handler {
	t.Helper()
	logrus.SetLevel(logrus.PanicLevel)
	config := &configuration.Configuration{Storage: configuration.Storage{
		"filesystem": {
			"rootdirectory": t.TempDir(),
		},
		"delete":      {"enabled": true},
		"maintenance": {"uploadpurging": map[any]any{"enabled": false}},
	}}
	config.Catalog.MaxEntries = 100
	config.HTTP.Secret = "of this test"
	return handlers.NewApp(t.Context(), config)
}

// serveDistribution serves it, and returns its URL and its host name.
func serveDistribution(t testing.TB) (url, host string) {
	t.Helper()
	server := httptest.NewServer(newDistribution(t))
	t.Cleanup(server.Close)
	return server.URL, strings.TrimPrefix(server.URL, "http://")
}

// The client of the data sources reads the same from CNCF Distribution and from the mock
// server's registry.
func TestClientOfDistribution(t *testing.T) {
	url, host := serveDistribution(t)

	var repositories []string
	var digest string
	for i := range 101 {
		name := fmt.Sprintf("team/app-%03d", i)
		repositories = append(repositories, name)
		target, err := testimage.Repository(url, host, name, "", "")
		if err != nil {
			t.Fatal(err)
		}
		pushed, err := testimage.Write(t.Context(), target, "v1", "linux/amd64", "linux/arm64")
		if err != nil {
			t.Fatal(err)
		}
		digest = pushed.Digest.String()
	}

	client, err := oci.New(oci.Options{Host: host, Domain: host, RequestTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := client.Repositories(t.Context()); err != nil || !slices.Equal(got, repositories) {
		t.Errorf("repositories: got %v, %v", got, err)
	}
	image, err := client.Image(t.Context(), "team/app-007", "v1")
	if err != nil || image.Digest != digest || image.Size == 0 || !slices.Equal(image.Platforms, []string{"linux/amd64", "linux/arm64"}) {
		t.Errorf("image: got %+v, %v, want %s", image, err, digest)
	}
	if got, err := client.Tags(t.Context(), "team/app-007"); err != nil || !slices.Equal(got, []string{"v1"}) {
		t.Errorf("tags: got %v, %v", got, err)
	}
	if _, err := client.Image(t.Context(), "team/app-007", "v2"); !errors.Is(err, oci.ErrNoTag) {
		t.Errorf("no such tag: got %v", err)
	}
	if _, err := client.Image(t.Context(), "team/none", "v1"); !errors.Is(err, oci.ErrNoTag) {
		t.Errorf("no such repository: got %v", err)
	}
	if _, err := client.Tags(t.Context(), "team/none"); !oci.IsNotFound(err) {
		t.Errorf("tags of no repository: got %v", err)
	}
}
