package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// installer is a CLI that installs a release.
type installer struct {
	*release
	cli string
	// host is the registry host of the provider's address.
	host string
	env  []string
}

// checkInstall installs the release for this machine as its users do, with each CLI.
func (r *release) checkInstall(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the CLI trusts the certificate of a test in SSL_CERT_FILE only on Linux")
	}
	tofu := filepath.Join(os.Getenv("RELEASE_TOOLS"), "tofu")
	for _, cli := range []string{os.Getenv("TF_ACC_TERRAFORM_PATH"), tofu} {
		i := installer{release: r, cli: cli, host: "registry.terraform.io"}
		if strings.Contains(run(t, ".", cli, "version"), "OpenTofu") {
			i.host = "registry.opentofu.org"
		}
		t.Run(i.host, i.check)
		if os.Getenv("TF_ACC_TERRAFORM_PATH") == tofu {
			t.Log("there is no Terraform here")
			return
		}
	}
}

// check installs the release in each way, unchanged and changed.
func (i installer) check(t *testing.T) {
	archive := i.zip(runtime.GOOS + "_" + runtime.GOARCH)
	genuine := i.files(t)
	signature, err := os.ReadFile(filepath.Join(i.folder, i.name("SHA256SUMS.sig")))
	if err != nil {
		t.Fatal(err)
	}
	genuine[i.name("SHA256SUMS.sig")] = signature
	changed := maps.Clone(genuine)
	changed[archive] = withAnotherFile(t, genuine[archive])
	forged := maps.Clone(changed)
	forged[i.name("SHA256SUMS")] = bytes.ReplaceAll(genuine[i.name("SHA256SUMS")],
		[]byte(hexSum(genuine[archive])), []byte(hexSum(changed[archive])))

	origin := i.serve(t, genuine)
	i = i.at(acctest.StartHTTP2(t, mockserver.Options{}), origin)

	home := t.TempDir()
	first := i.newFolder(t, home, i.fromRegistry(origin))
	first.must(t, "init")
	lock := first.lock(t)
	if out := first.must(t, "plan"); !strings.Contains(out, "1 to add") {
		t.Errorf("the plan is\n%s", out)
	}
	for name, files := range map[string]map[string][]byte{"changed": changed, "forged": forged} {
		i.newFolder(t, home, i.fromRegistry(i.serve(t, files))).mustFail(t, "the registry's zip, "+name, "checksum|signature", "init")
	}

	mirrors := map[string]func(t *testing.T, files map[string][]byte) string{
		"network mirror": func(t *testing.T, files map[string][]byte) string {
			return fmt.Sprintf("network_mirror {\nurl = \"%s/mirror/\"\n}", i.serve(t, files).url)
		},
		"filesystem mirror": func(t *testing.T, files map[string][]byte) string { return i.filesystemMirror(t, files[archive]) },
	}
	if i.host == "registry.opentofu.org" {
		for challenge, options := range map[string]mockserver.Options{"Basic": {}, "Bearer": {RegistryBearer: true}} {
			mirrors["OCI mirror, "+challenge] = func(t *testing.T, files map[string][]byte) string {
				return i.ociMirror(t, home, acctest.StartHTTP2(t, options), origin, files[archive])
			}
		}
	}
	for name, mirror := range mirrors {
		t.Run(name, func(t *testing.T) {
			config := installation(mirror(t, genuine))
			alone := i.newFolder(t, home, config)
			alone.must(t, "init")
			for _, hash := range hashes(alone.lock(t)) {
				if !strings.Contains(lock, hash) {
					t.Errorf("the lock file has %s, and that from the registry has not", hash)
				}
			}
			locked := i.newFolder(t, home, config)
			locked.setLock(t, lock)
			locked.must(t, "init", "-lockfile=readonly")
			locked.must(t, "plan")

			refusing := i.newFolder(t, home, installation(mirror(t, changed)))
			refusing.setLock(t, lock)
			refusing.mustFail(t, "a zip that has changed", "checksum", "init")
		})
	}
}

// at returns the installer with the environment of the provider for this server.
func (i installer) at(cloud *acctest.Cloud, o origin) installer {
	i.env = append(cloud.Environment(cloud.Endpoint),
		"PATH="+os.Getenv("PATH"), "TF_IN_AUTOMATION=1", "TF_INPUT=0", "CHECKPOINT_DISABLE=1", "SSL_CERT_FILE="+o.authority)
	return i
}

func installation(method string) string { return "provider_installation {\n" + method + "\n}\n" }

// fromRegistry is a CLI configuration in which the origin is the CLI's own registry.
func (i installer) fromRegistry(o origin) string {
	return fmt.Sprintf("host %q {\nservices = { \"providers.v1\" = \"%s/registry/\" }\n}\n", i.host, o.url) + installation("direct {}")
}

func (i installer) filesystemMirror(t *testing.T, archive []byte) string {
	t.Helper()
	root := t.TempDir()
	folder := filepath.Join(root, i.host, "cloudfleet", "cloudfleet")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, i.zip(runtime.GOOS+"_"+runtime.GOARCH)), archive)
	return fmt.Sprintf("filesystem_mirror {\npath = %q\n}", root)
}

// ociMirror follows the guide: it applies the example, pushes the release with an
// Administrator token, and logs in with the User token of the example to pull.
func (i installer) ociMirror(t *testing.T, home string, cloud *acctest.Cloud, o origin, archive []byte) string {
	t.Helper()
	example, err := filepath.Abs(filepath.Join(root, "examples", "opentofu-mirror"))
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(example, "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	applied := i.at(cloud, o).newFolder(t, home, i.fromRegistry(o))
	write(t, filepath.Join(applied.dir, "main.tf"), content)
	applied.must(t, "init")
	applied.must(t, "apply", "-auto-approve")
	var login struct{ Username, Password string }
	if err := json.Unmarshal([]byte(applied.must(t, "output", "-json", "install")), &login); err != nil {
		t.Fatal(err)
	}

	host := strings.TrimPrefix(cloud.URL, "https://")
	repository := host + "/opentofu-providers/cloudfleet/cloudfleet"
	dist := t.TempDir()
	write(t, filepath.Join(dist, i.zip(runtime.GOOS+"_"+runtime.GOARCH)), archive)
	push := func(username, password string) error {
		loginAt(t, home, host, o.authority, username, password)
		cmd := exec.CommandContext(t.Context(), filepath.Join(example, "push.sh"), repository, "v"+i.version, "--ca-file", o.authority)
		cmd.Dir, cmd.Env = dist, []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		return nil
	}
	if err := push(login.Username, login.Password); err == nil {
		t.Error("the User token of the example can push")
	}
	if err := push(cloud.TokenID, cloud.TokenSecret); err != nil {
		t.Fatal(err)
	}
	rc, err := os.ReadFile(filepath.Join(example, "tofu.rc"))
	if err != nil {
		t.Fatal(err)
	}
	config := strings.ReplaceAll(string(rc), `"HOST/`, `"`+host+`/`)
	if err := os.Remove(filepath.Join(home, ".docker", "config.json")); err != nil {
		t.Fatal(err)
	}
	i.newFolder(t, home, config).mustFail(t, "an OCI mirror without a login", "credential|unauthorized", "init")
	loginAt(t, home, host, o.authority, login.Username, login.Password)
	return strings.TrimSuffix(strings.TrimPrefix(config, "provider_installation {\n"), "\n}\n")
}

func loginAt(t *testing.T, home, host, authority, username, password string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "oras", "login", host, "--ca-file", authority, "--username", username, "--password-stdin")
	cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
	cmd.Stdin = strings.NewReader(password)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// folder is a working folder with a configuration that uses the provider.
type folder struct {
	dir, cli string
	env      []string
}

func (i installer) newFolder(t *testing.T, home, config string) folder {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "cli.tfrc"), []byte(config))
	write(t, filepath.Join(dir, "main.tf"), []byte(`
terraform {
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
  }
}

resource "cloudfleet_api_token" "ci" {
  name = "ci"
  role = "User"
}
`))
	return folder{dir, i.cli, append(slices.Clip(i.env), "HOME="+home, "TF_CLI_CONFIG_FILE="+filepath.Join(dir, "cli.tfrc"))}
}

func (f folder) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), f.cli, append(args, "-no-color")...)
	cmd.Dir, cmd.Env = f.dir, f.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (f folder) must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := f.run(t, args...)
	if err != nil {
		t.Fatalf("%q: %v\n%s", args, err, out)
	}
	return out
}

func (f folder) mustFail(t *testing.T, what, reason string, args ...string) {
	t.Helper()
	out, err := f.run(t, args...)
	if err == nil || !regexp.MustCompile(reason).MatchString(out) {
		t.Errorf("%s: %q: %v\n%s", what, args, err, out)
	}
}

func (f folder) lock(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(f.dir, ".terraform.lock.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func (f folder) setLock(t *testing.T, lock string) {
	t.Helper()
	write(t, filepath.Join(f.dir, ".terraform.lock.hcl"), []byte(lock))
}

func hashes(lock string) []string { return regexp.MustCompile(`(h1|zh):[^"]+`).FindAllString(lock, -1) }

// withAnotherFile returns the zip with one more file in it.
func withAnotherFile(t *testing.T, archive []byte) []byte {
	t.Helper()
	reader, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	writer := zip.NewWriter(&b)
	for _, file := range reader.File {
		if err := writer.Copy(file); err != nil {
			t.Fatal(err)
		}
	}
	added, err := writer.Create("added.txt")
	if err == nil {
		_, err = io.WriteString(added, "added")
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t *testing.T, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
