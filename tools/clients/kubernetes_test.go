// Package clients tests the provider's results with programs that are too heavy for the
// provider's own module, and pins the clients that its tests run.
package clients

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	core "k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/secrets"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/testimage"
)

const config = `
data "cloudfleet_registry" "this" {}

resource "cloudfleet_api_token" "pods" {
  name = "pods"
  role = "User"
}

output "hostname" {
  value = data.cloudfleet_registry.this.hostname
}

output "image_pull_secret" {
  sensitive = true
  value = provider::cloudfleet::docker_config_json(
    data.cloudfleet_registry.this.hostname, cloudfleet_api_token.pods.id, cloudfleet_api_token.pods.secret,
  )
}
`

// The kubelet reads an image pull secret, and the login in it pulls the image, which was
// copied from another organization.
func TestClientKubelet(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	cloud.Run(t, resource.TestStep{Config: config, Check: func(s *terraform.State) error {
		outputs := s.RootModule().Outputs
		host := fmt.Sprint(outputs["hostname"].Value)
		// The image is a copy from another organization, whose login is not in the pod's
		// secrets.
		other := acctest.Start(t, mockserver.Options{})
		theirs := place{other.URL, strings.TrimPrefix(other.URL, "http://"), other.TokenID, other.TokenSecret}
		admin, err := testimage.Repository(theirs.url, theirs.host, "base", theirs.username, theirs.password)
		if err != nil {
			return err
		}
		pushed, err := testimage.Write(t.Context(), admin, "v1", "linux/amd64")
		if err != nil {
			return err
		}
		ours := place{cloud.URL, host, cloud.TokenID, cloud.TokenSecret}
		from := oci.Source{Client: theirs.client(t), Repository: "base", Reference: "v1"}
		if _, err := ours.client(t).Copy(t.Context(), from, "shop/checkout", []string{"v1"}, func(int, int64) {}); err != nil {
			return err
		}

		if err := validatePullSecret(fmt.Append(nil, outputs["image_pull_secret"].Value)); err != nil {
			return err
		}
		keyring, err := secrets.MakeDockerKeyring([]corev1.Secret{{
			Type: corev1.SecretTypeDockerConfigJson,
			Data: map[string][]byte{corev1.DockerConfigJsonKey: fmt.Append(nil, outputs["image_pull_secret"].Value)},
		}}, &credentialprovider.BasicDockerKeyring{})
		if err != nil {
			return err
		}
		found, ok := keyring.Lookup(host + "/shop/checkout")
		if !ok || len(found) != 1 {
			return fmt.Errorf("the kubelet finds %d logins", len(found))
		}
		if _, ok := keyring.Lookup("other." + host + "/shop/checkout"); ok {
			return fmt.Errorf("the kubelet would send the secret to another registry")
		}
		puller, err := testimage.Repository(cloud.URL, host, "shop/checkout", found[0].Username, found[0].Password)
		if err != nil {
			return err
		}
		pulled, err := puller.Resolve(t.Context(), "v1")
		if err != nil {
			return err
		}
		if pulled.Digest != pushed.Digest {
			return fmt.Errorf("pulled %s, pushed %s", pulled.Digest, pushed.Digest)
		}
		return nil
	}})
}

// validatePullSecret validates an image pull secret as the API server of Kubernetes does,
// and checks that an invalid one would be rejected.
func validatePullSecret(content []byte) error {
	secret := func(content []byte) *core.Secret {
		return &core.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "pull", Namespace: "shop"},
			Type:       core.SecretTypeDockerConfigJSON, Data: map[string][]byte{core.DockerConfigJSONKey: content},
		}
	}
	if faults := validation.ValidateSecret(secret(content)); len(faults) > 0 {
		return faults.ToAggregate()
	}
	if len(validation.ValidateSecret(secret([]byte("{")))) == 0 {
		return errors.New("it takes any image pull secret")
	}
	return nil
}
