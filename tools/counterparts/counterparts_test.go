// Package counterparts tests with the programs of the provider's users: an API server of
// Kubernetes and, if the CLI can download them, real providers of other vendors. They
// take minutes to build, so it is run by hand: make counterparts.
package counterparts

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cfcr"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/terraformcli"
)

const adminToken = "the-administrator-of-a-test"

// cluster is an API server of Kubernetes with etcd. It runs no pods.
type cluster struct {
	url        string
	kubeconfig string
	client     *http.Client
}

// binary returns the path of a program that make counterparts has built.
func binary(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("COUNTERPARTS")
	if dir == "" {
		t.Skip("counterparts are run with make counterparts")
	}
	return filepath.Join(dir, name)
}

func startCluster(t *testing.T) cluster {
	t.Helper()
	etcd, apiserver := binary(t, "etcd"), binary(t, "kube-apiserver")
	dir := t.TempDir()
	ports := freePorts(t, 3)
	clients, peers := "http://127.0.0.1:"+ports[0], "http://127.0.0.1:"+ports[1]
	run(t, etcd, "--data-dir", filepath.Join(dir, "etcd"), "--listen-client-urls", clients, "--advertise-client-urls", clients,
		"--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", "default="+peers)

	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	keyFile, tokens := filepath.Join(dir, "key.pem"), filepath.Join(dir, "tokens.csv")
	must(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), 0o600))
	must(t, os.WriteFile(tokens, []byte(adminToken+",admin,admin,system:masters\n"), 0o600))
	run(
		t,
		apiserver,
		"--etcd-servers",
		clients,
		"--secure-port",
		ports[2],
		"--bind-address",
		"127.0.0.1",
		"--cert-dir",
		dir,
		"--token-auth-file",
		tokens,
		"--authorization-mode",
		"RBAC",
		"--service-cluster-ip-range",
		"10.0.0.0/24",
		"--service-account-issuer",
		"https://kubernetes.test",
		"--service-account-key-file",
		keyFile,
		"--service-account-signing-key-file",
		keyFile,
	)

	c := cluster{url: "https://127.0.0.1:" + ports[2], kubeconfig: filepath.Join(dir, "kubeconfig"), client: &http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
	}}
	must(t, os.WriteFile(c.kubeconfig, fmt.Appendf(nil, `{
  "apiVersion": "v1", "kind": "Config", "current-context": "test",
  "clusters": [{"name": "test", "cluster": {"server": %q, "insecure-skip-tls-verify": true}}],
  "users": [{"name": "test", "user": {"token": %q}}],
  "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}]
}`, c.url, adminToken), 0o600))
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if status, _ := c.call(t, http.MethodGet, "/readyz", nil); status == http.StatusOK {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the API server is not ready after two minutes")
		}
	}
	if status, answer := c.call(t, http.MethodPost, "/api/v1/namespaces", object("v1", "Namespace", "shop")); status != http.StatusCreated {
		t.Fatal(status, answer)
	}
	return c
}

// run runs a program until the test ends, and prints its output if that failed.
func run(t *testing.T, path string, args ...string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var log bytes.Buffer
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	must(t, cmd.Start())
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait()
		if said := log.String(); t.Failed() {
			t.Logf("%s: %s", filepath.Base(path), said[max(0, len(said)-4000):])
		}
	})
}

func freePorts(t *testing.T, n int) (ports []string) {
	t.Helper()
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		defer listener.Close()
		_, port, err := net.SplitHostPort(listener.Addr().String())
		must(t, err)
		ports = append(ports, port)
	}
	return ports
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func object(version, kind, name string) map[string]any {
	return map[string]any{"apiVersion": version, "kind": kind, "metadata": map[string]any{"name": name}}
}

// call calls the API server as administrator. Status 0 means no answer.
func (c cluster) call(t *testing.T, method, path string, body any) (status int, answer map[string]any) {
	t.Helper()
	content, err := json.Marshal(body)
	must(t, err)
	req, err := http.NewRequestWithContext(t.Context(), method, c.url+path, bytes.NewReader(content))
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+adminToken)
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.client.Do(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	_ = json.Unmarshal(text, &answer) // /readyz is not JSON
	return resp.StatusCode, answer
}

const secrets = "/api/v1/namespaces/shop/secrets"

// pullSecret returns the configuration in an image pull secret of the cluster, nil if there
// is no such secret.
func (c cluster) pullSecret(t *testing.T, name string) []byte {
	t.Helper()
	status, answer := c.call(t, http.MethodGet, secrets+"/"+name, nil)
	if status == http.StatusNotFound {
		return nil
	}
	content, err := json.Marshal(answer["data"])
	must(t, err)
	var data struct {
		Config []byte `json:".dockerconfigjson"`
	}
	must(t, json.Unmarshal(content, &data))
	if answer["type"] != "kubernetes.io/dockerconfigjson" || len(data.Config) == 0 {
		t.Fatalf("the secret is of type %v, with %d bytes", answer["type"], len(data.Config))
	}
	return data.Config
}

// The API server accepts an image pull secret of the provider, returns it unchanged, and
// rejects an invalid one.
func TestKubernetesTakesThePullSecret(t *testing.T) {
	c := startCluster(t)
	config, err := cfcr.Auths("12345678-6651-4e5d-9c04-079f6532989b.europe.registry.cloudfleet.dev", "2iKo4Asy51EUx2gpJFW76t", "cf_secret_x")
	must(t, err)
	for content, want := range map[string]int{config: http.StatusCreated, "{": http.StatusUnprocessableEntity} {
		secret := object("v1", "Secret", "pull")
		secret["type"] = "kubernetes.io/dockerconfigjson"
		secret["stringData"] = map[string]string{".dockerconfigjson": content}
		if status, answer := c.call(t, http.MethodPost, secrets, secret); status != want {
			t.Errorf("%d, want %d: %v", status, want, answer["message"])
		}
	}
	if got := c.pullSecret(t, "pull"); string(got) != config {
		t.Errorf("the cluster has %q", got)
	}
}

// The example runs with the real provider kubernetes: it creates, rotates and deletes the
// pull secret of a real API server.
func TestExampleWithTheRealProvider(t *testing.T) {
	c := startCluster(t)
	cloud := acctest.Start(t, mockserver.Options{})
	cli := initialized(t, "kubernetes-pull-secret")
	cli.Env = append(append(cli.Env, "KUBE_CONFIG_PATH="+c.kubeconfig), cloud.Environment(cloud.Endpoint)...)
	apply := func(rotation string) (name string, config []byte) {
		t.Helper()
		_, err := cli.Run(t.Context(), "apply", "-auto-approve", "-no-color", "-var", "namespace=shop", "-var", "rotation="+rotation)
		must(t, err)
		_, answer := c.call(t, http.MethodGet, secrets, nil)
		items, _ := answer["items"].([]any)
		if len(items) != 1 {
			t.Fatalf("there are %d secrets", len(items))
		}
		item, _ := items[0].(map[string]any)
		metadata, _ := item["metadata"].(map[string]any)
		name, _ = metadata["name"].(string)
		return name, c.pullSecret(t, name)
	}
	_, first := apply("2026-Q1")
	name, second := apply("2026-Q2")
	if bytes.Equal(first, second) {
		t.Error("the rotation has not arrived")
	}
	_, err := cli.Run(t.Context(), "destroy", "-auto-approve", "-no-color", "-var", "namespace=shop")
	must(t, err)
	if left := c.pullSecret(t, name); left != nil || len(cloud.Issued()) > 0 {
		t.Errorf("left are %d bytes in the cluster, and %v", len(left), cloud.Issued())
	}
}

// Each example is valid for the real providers that it uses. Their servers are not
// called.
func TestExamplesAreValidForTheRealProviders(t *testing.T) {
	binary(t, "")
	for _, example := range []string{"github-actions", "gitlab", "helm-chart", "kubernetes-pull-secret", "quarterly-rotation", "vault"} {
		t.Run(example, func(t *testing.T) {
			cli := initialized(t, example)
			_, err := cli.Run(t.Context(), "validate", "-no-color")
			must(t, err)
		})
	}
}

// initialized copies an example into a folder and downloads the real providers that it
// uses, or takes them from the folder PROVIDER_MIRROR. If they are not available, it
// skips the test with the reason.
func initialized(t *testing.T, example string) terraformcli.Folder {
	t.Helper()
	dir, mirror := t.TempDir(), t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS("../../examples/"+example)))
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		plugin := filepath.Join(mirror, host, "cloudfleet/cloudfleet/0.0.1", runtime.GOOS+"_"+runtime.GOARCH)
		must(t, os.MkdirAll(plugin, 0o700))
		must(t, terraformcli.BuildProvider(t.Context(), plugin))
	}
	others := "direct {\n    exclude = [\"cloudfleet/cloudfleet\"]\n  }"
	if local := os.Getenv("PROVIDER_MIRROR"); local != "" {
		others = fmt.Sprintf("filesystem_mirror {\n    path    = %q\n    exclude = [\"cloudfleet/cloudfleet\"]\n  }", local)
	}
	rc := filepath.Join(dir, ".cli.tfrc")
	must(t, os.WriteFile(rc, fmt.Appendf(nil, `
provider_installation {
  filesystem_mirror {
    path    = %q
    include = ["cloudfleet/cloudfleet"]
  }
  %s
}
`, mirror, others), 0o600))
	cli := terraformcli.Folder{Dir: dir, CLI: os.Getenv("TF_ACC_TERRAFORM_PATH"), Env: []string{
		"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "HTTPS_PROXY=" + os.Getenv("HTTPS_PROXY"), "TF_CLI_CONFIG_FILE=" + rc, "TF_INPUT=0",
		"CHECKPOINT_DISABLE=1",
	}}
	if _, err := cli.Run(t.Context(), "init", "-no-color"); err != nil {
		if strings.Contains(err.Error(), "Failed to") && !strings.Contains(err.Error(), "provider cloudfleet/cloudfleet") {
			t.Skipf("the providers of %s cannot be downloaded here: %s", example, strings.Join(strings.Fields(err.Error()), " "))
		}
		t.Fatal(err)
	}
	return cli
}
