package registry_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"oras.land/oras-go/v2/content/oci"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/testimage"
)

// tokens is a configuration whose outputs have everything that clients need.
func tokens(cloud *acctest.Cloud, rotation int) string {
	return fmt.Sprintf(`
data "cloudfleet_registry" "this" {}

resource "cloudfleet_api_token" "pipeline" {
  name             = "pipeline"
  role             = "Administrator"
  rotation_trigger = "%d"
}

resource "cloudfleet_api_token" "deployer" {
  name = "deployer"
  role = "User"
}

locals {
  hosts  = [data.cloudfleet_registry.this.hostname, %q]
  tokens = { pipeline = cloudfleet_api_token.pipeline, deployer = cloudfleet_api_token.deployer }
}

output "issued" {
  sensitive = true
  value = jsonencode({
    hosts  = local.hosts
    logins = { for who, t in local.tokens : who => { id = t.id, secret = t.secret } }
    docker_config_json = { for who, t in local.tokens : who => {
      for host in local.hosts : host => provider::cloudfleet::docker_config_json(host, t.id, t.secret)
    } }
  })
}
`, rotation, strings.TrimPrefix(cloud.URL, "http://"))
}

// issued has the outputs of Terraform.
type issued struct {
	// Hosts are the registry's host name, and a plain address of it.
	Hosts            []string
	Logins           map[string]account
	DockerConfigJSON map[string]map[string]string `json:"docker_config_json"`
}

// account is the ID and the secret of a token.
type account struct{ ID, Secret string }

// credentialHelper is a docker-credential-cloudfleet that knows one host.
func credentialHelper(host string, login account) string {
	return fmt.Sprintf(
		"#!/bin/sh\n[ \"$1\" = get ] && grep -qx '%s' && echo '{\"ServerURL\":\"%[1]s\",\"Username\":\"%s\",\"Secret\":\"%s\"}'\n",
		host,
		login.ID,
		login.Secret,
	)
}

func issuedBy(t *testing.T, s *terraform.State) (out issued) {
	t.Helper()
	if err := json.Unmarshal(fmt.Append(nil, s.RootModule().Outputs["issued"].Value), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// pushImage pushes the image that clients pull.
func (i issued) pushImage(t *testing.T, cloud *acctest.Cloud) {
	t.Helper()
	login := i.Logins["pipeline"]
	target, err := testimage.Repository(cloud.URL, i.Hosts[0], "shop/checkout", login.ID, login.Secret)
	if err == nil {
		_, err = testimage.Write(t.Context(), target, "v1", "linux/amd64")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// material is what clients push: a folder with an image, and a file with a chart.
type material struct{ image, chart string }

func prepare(t *testing.T) material {
	t.Helper()
	m := material{filepath.Join(t.TempDir(), "image"), filepath.Join(t.TempDir(), "checkout-1.4.2.tgz")}
	layout, err := oci.New(m.image)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := testimage.Write(t.Context(), layout, "v1", "linux/amd64"); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	compressed := gzip.NewWriter(&file)
	archive := tar.NewWriter(compressed)
	chart := "apiVersion: v2\nname: checkout\nversion: 1.4.2\n"
	if err := archive.WriteHeader(&tar.Header{Name: "checkout/Chart.yaml", Mode: 0o644, Size: int64(len(chart))}); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Write([]byte(chart)); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := compressed.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(m.chart, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return m
}

// session is a client with its own home folder.
type session struct {
	client   client
	proxy    string
	dir      string
	host     string
	password string
	words    *strings.Replacer
}

func newSession(t *testing.T, c client, cloud *acctest.Cloud, i issued, m material, who string) session {
	t.Helper()
	s := session{client: c, proxy: cloud.URL, dir: t.TempDir(), host: i.Hosts[0], password: i.Logins[who].Secret}
	if c.address {
		s.host = i.Hosts[1]
	}
	out := filepath.Join(s.dir, "out")
	if err := os.Mkdir(out, 0o700); err != nil {
		t.Fatal(err)
	}
	// Clients push a new tag each.
	s.words = strings.NewReplacer("{host}", s.host, "{user}", i.Logins[who].ID, "{image}", m.image, "{chart}", m.chart,
		"{out}", out, "{new}", rand.Text())
	return s
}

// configure writes Docker's configuration.
func (s session) configure(t *testing.T, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, "config.json"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

type verdict bool

const (
	works     verdict = true
	isRefused verdict = false
)

// A rejected command prints one of these. The last is docker's for an image that it may
// not see.
var refusal = regexp.MustCompile(`(?i)unauthorized|denied|forbidden|\b40[13]\b|credentials? not found|no basic auth credentials|` +
	`invalid username/password|no such manifest`)

// check runs the commands. The last one must work, or be rejected.
func (s session) check(t *testing.T, name string, want verdict, commands []string) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		if s.client.root && os.Getuid() != 0 {
			t.Skipf("%s is run as root only", s.client.name)
		}
		path := find(s.client.name)
		if path == "" && s.client.install == "make clients" {
			t.Skipf("there is no %s here: %s builds it, and runs this test", s.client.name, s.client.install)
		}
		if path == "" {
			acctest.Missing(t, "there is no %s here: %s", s.client.name, s.client.install)
		}
		var out []byte
		var err error
		for _, command := range commands {
			if err != nil {
				break
			}
			arguments := strings.Fields(command)[1:]
			for i := range arguments {
				arguments[i] = s.words.Replace(arguments[i])
			}
			cmd := exec.CommandContext(t.Context(), path, arguments...)
			cmd.Stdin = strings.NewReader(s.password)
			cmd.Dir = s.dir
			config := filepath.Join(s.dir, "config.json")
			// Names below localhost do not resolve everywhere, so the server is a proxy, too.
			cmd.Env = []string{
				"HOME=" + s.dir, "PATH=" + s.dir + ":" + os.Getenv("PATH"), "HTTP_PROXY=" + s.proxy,
				"DOCKER_CONFIG=" + s.dir, "REGISTRY_AUTH_FILE=" + config, "HELM_REGISTRY_CONFIG=" + config,
				"DOCKER_HOST=unix://" + filepath.Join(s.dir, "no-engine"),
			}
			out, err = cmd.CombinedOutput()
		}
		switch {
		case want == works && err != nil:
			t.Errorf("%s: %s", err, out)
		case want == isRefused && err == nil:
			t.Errorf("it worked: %s", out)
		case want == isRefused && !refusal.Match(out):
			t.Errorf("it failed for another reason: %s", out)
		}
	})
}

// find returns the path of a client: built by `make clients`, or on the PATH.
func find(name string) string {
	for _, candidate := range []string{filepath.Join("..", "..", "bin", name), name} {
		if path, err := exec.LookPath(candidate); err == nil {
			if absolute, err := filepath.Abs(path); err == nil {
				return absolute
			}
		}
	}
	return ""
}
