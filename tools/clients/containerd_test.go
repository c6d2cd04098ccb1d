package clients

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	corev1 "k8s.io/api/core/v1"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/secrets"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/testimage"
)

// containerdConfig needs no kernel modules: it copies layers. The paths are folders.
const containerdConfig = `
version = 2
root = "%[1]s/root"
state = "%[1]s/state"
[grpc]
  address = "%[1]s/containerd.sock"
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "native"
[plugins."io.containerd.grpc.v1.cri".cni]
  conf_dir = "%[1]s/cni"
`

// startContainerd starts a containerd for this test, and returns its image service.
func startContainerd(t *testing.T) cri.ImageServiceClient {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("containerd runs as root only")
	}
	path, err := exec.LookPath("containerd")
	if err != nil {
		acctest.Missing(t, "there is no containerd here: apt-get install containerd")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(file, fmt.Appendf(nil, containerdConfig, dir), 0o600); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, "--config", file)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	connection, err := grpc.NewClient(
		"unix://"+filepath.Join(dir, "containerd.sock"),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	images := cri.NewImageServiceClient(connection)
	started, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := images.ListImages(started, &cri.ListImagesRequest{}, grpc.WaitForReady(true)); err != nil {
		t.Fatal(err)
	}
	return images
}

// containerd pulls with the login that the kubelet finds in the image pull secret, and is
// rejected after the token was destroyed.
func TestClientContainerd(t *testing.T) {
	images := startContainerd(t)
	cloud := acctest.Start(t, mockserver.Options{})
	host := strings.TrimPrefix(cloud.URL, "http://")
	reference := host + "/shop/checkout:v1"
	admin, err := testimage.Repository(cloud.URL, host, "shop/checkout", cloud.TokenID, cloud.TokenSecret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := testimage.Write(t.Context(), admin, "v1", "linux/amd64"); err != nil {
		t.Fatal(err)
	}
	image := &cri.ImageSpec{Image: reference}
	pull := func(login *credentialprovider.TrackedAuthConfig) error {
		_, err := images.PullImage(t.Context(), &cri.PullImageRequest{
			Image: image, Auth: &cri.AuthConfig{Username: login.Username, Password: login.Password, ServerAddress: login.ServerAddress},
		})
		return err
	}
	var login *credentialprovider.TrackedAuthConfig
	pods := `
resource "cloudfleet_api_token" "pods" {
  name = "pods"
  role = "User"
}

output "image_pull_secret" {
  sensitive = true
  value     = provider::cloudfleet::docker_config_json("` + host + `", cloudfleet_api_token.pods.id, cloudfleet_api_token.pods.secret)
}
`
	cloud.Run(t,
		resource.TestStep{Config: pods, Check: func(s *terraform.State) error {
			keyring, err := secrets.MakeDockerKeyring([]corev1.Secret{{
				Type: corev1.SecretTypeDockerConfigJson,
				Data: map[string][]byte{corev1.DockerConfigJsonKey: fmt.Append(nil, s.RootModule().Outputs["image_pull_secret"].Value)},
			}}, &credentialprovider.BasicDockerKeyring{})
			if err != nil {
				return err
			}
			found, ok := keyring.Lookup(reference)
			if !ok || len(found) != 1 {
				return fmt.Errorf("the kubelet finds %d logins", len(found))
			}
			login = &found[0]
			if err := pull(login); err != nil {
				return err
			}
			_, err = images.RemoveImage(t.Context(), &cri.RemoveImageRequest{Image: image})
			return err
		}},
		resource.TestStep{Config: pods, Destroy: true},
	)
	if t.Skipped() || login == nil {
		return
	}
	if err := pull(
		login,
	); err == nil ||
		!strings.Contains(err.Error(), "401") && !strings.Contains(strings.ToLower(err.Error()), "unauthorized") {
		t.Errorf("after the destroy containerd pulls all the same: %v", err)
	}
}
