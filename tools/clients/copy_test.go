package clients

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/crane"
	"oras.land/oras-go/v2"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/testimage"
)

// place is a registry, with a login to it.
type place struct{ url, host, username, password string }

func (p place) client(t *testing.T) *oci.Client {
	t.Helper()
	client, err := oci.New(oci.Options{
		Host: p.host, Domain: p.host, Username: p.username, Password: p.password, RequestTimeout: time.Minute, MaxRetries: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// crane is how crane logs in.
func (p place) crane() crane.Option {
	if p.username == "" {
		return crane.WithAuth(authn.Anonymous)
	}
	return crane.WithAuth(&authn.Basic{Username: p.username, Password: p.password})
}

// An image is copied from the mock server's registry to CNCF Distribution and back, and
// is the same for crane in both.
func TestClientCraneFindsTheSame(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	mockHost := strings.TrimPrefix(cloud.URL, "http://")
	ours := place{cloud.URL, mockHost, cloud.TokenID, cloud.TokenSecret}
	url, host := serveDistribution(t)
	distribution := place{url: url, host: host}
	for name, from := range map[string]place{"to Distribution": ours, "from Distribution": distribution} {
		t.Run(name, func(t *testing.T) {
			to := distribution
			if from == distribution {
				to = ours
			}
			source, err := testimage.Repository(from.url, from.host, "base", from.username, from.password)
			if err != nil {
				t.Fatal(err)
			}
			image, err := testimage.Write(t.Context(), source, "v1", "linux/amd64", "linux/arm64")
			if err != nil {
				t.Fatal(err)
			}
			signature, err := oras.PackManifest(t.Context(), source, oras.PackManifestVersion1_1, "application/vnd.example.signature",
				oras.PackManifestOptions{Subject: &image})
			if err != nil {
				t.Fatal(err)
			}
			target := to.client(t)
			copied, err := target.Copy(t.Context(), oci.Source{Client: from.client(t), Repository: "base", Reference: "v1"}, "mirror/base",
				[]string{"v1"}, func(int, int64) {})
			if err != nil || copied.Digest != image.Digest.String() {
				t.Fatalf("copied %+v, %v", copied, err)
			}
			want, err := crane.Digest(from.host+"/base:v1", from.crane(), crane.Insecure)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := crane.Digest(to.host+"/mirror/base:v1", to.crane(), crane.Insecure); err != nil || got != want {
				t.Errorf("crane finds %s, %v, not %s", got, err, want)
			}
			if _, err := crane.Digest(to.host+"/mirror/base@"+signature.Digest.String(), to.crane(), crane.Insecure); err != nil {
				t.Errorf("the signature: %v", err)
			}
			pulled, err := crane.Pull(to.host+"/mirror/base:v1", to.crane(), crane.Insecure)
			if err != nil {
				t.Fatal(err)
			}
			if layers, err := pulled.Layers(); err != nil || len(layers) != 1 {
				t.Errorf("crane pulls %d layers, %v", len(layers), err)
			}

			if kept, left, err := target.Delete(t.Context(), "mirror/base", copied.Digest, []string{"v1"}); err != nil || kept != "" || left != nil {
				t.Errorf("deleted: %q, %q, %v", kept, left, err)
			}
			if got, err := crane.Digest(to.host+"/mirror/base:v1", to.crane(), crane.Insecure); err == nil {
				t.Errorf("after the delete crane finds %s", got)
			}
			if again, err := target.Copy(
				t.Context(),
				oci.Source{Client: from.client(t), Repository: "base", Reference: image.Digest.String()},
				"mirror/again",
				nil,
				func(int, int64) {},
			); err != nil ||
				again.Digest != copied.Digest {
				t.Errorf("copied again: %+v, %v", again, err)
			}
		})
	}
}
