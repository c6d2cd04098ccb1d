package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const (
	project = "terraform-provider-cloudfleet"
	// untagged is the version of a commit that has no tag.
	untagged = "0.0.1"
)

// release is a release of the last commit, as goreleaser makes it.
type release struct {
	// folder has the files of the release.
	folder, version, commit string
	targets                 []string
	key                     signingKey
}

// signingKey is a key for this check only.
type signingKey struct{ fingerprint, public string }

// TestRelease builds a release twice and installs it in each supported way. It needs
// goreleaser, cyclonedx-gomod and oras in the folder RELEASE_TOOLS, and gpg.
func TestRelease(t *testing.T) {
	if os.Getenv("RELEASE_TOOLS") == "" {
		t.Skip("a release is checked with make release-check")
	}
	t.Setenv("PATH", os.Getenv("RELEASE_TOOLS")+string(os.PathListSeparator)+os.Getenv("PATH"))
	r := newRelease(t)
	t.Run("rebuilt elsewhere", r.checkRebuilt)
	t.Run("checksums", r.checkChecksums)
	t.Run("signature", r.checkSignature)
	for _, target := range r.targets {
		t.Run(target, func(t *testing.T) { r.checkTarget(t, target) })
	}
	t.Run("manifest", r.checkManifest)
	t.Run("release notes", r.checkNotes)
	t.Run("version", r.checkVersion)
	t.Run("install", r.checkInstall)
}

func newRelease(t *testing.T) *release {
	t.Helper()
	config, err := readConfig()
	if err != nil {
		t.Fatal(err)
	}
	r := &release{version: untagged, targets: config.targets, key: newSigningKey(t)}
	if os.Getenv("PLATFORMS") != "all" {
		r.targets = slices.DeleteFunc(r.targets, func(target string) bool { return target != runtime.GOOS+"_"+runtime.GOARCH })
		t.Logf("only for %v: PLATFORMS=all is for all", r.targets)
	}
	r.commit = strings.TrimSpace(run(t, root, "git", "rev-parse", "HEAD"))
	if tag, err := output("git", "describe", "--tags", "--exact-match"); err == nil {
		r.version = strings.TrimPrefix(strings.TrimSpace(tag), "v")
	}
	r.folder = r.build(t, filepath.Join(t.TempDir(), "one place"), "TZ=UTC", "umask 022")
	return r
}

// newSigningKey creates a key that the Terraform Registry accepts: RSA.
func newSigningKey(t *testing.T) signingKey {
	t.Helper()
	home := t.TempDir()
	t.Setenv("GNUPGHOME", home)
	t.Cleanup(func() { _ = exec.Command("gpgconf", "--kill", "all").Run() })
	run(t, home, "gpg", "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", "Release check", "rsa3072", "sign", "1d")
	for line := range strings.Lines(run(t, home, "gpg", "--list-keys", "--with-colons")) {
		if fields := strings.Split(line, ":"); fields[0] == "fpr" {
			return signingKey{fields[9], run(t, home, "gpg", "--armor", "--export", fields[9])}
		}
	}
	t.Fatal("gpg has made no key")
	return signingKey{}
}

// build builds the release in a clone at this path, with one more environment variable
// and after this line of a shell script.
func (r *release) build(t *testing.T, clone, variable, before string) (folder string) {
	t.Helper()
	source, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	config, err := readConfig()
	if err != nil {
		t.Fatal(err)
	}
	content, err := config.with(r.targets)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "goreleaser.yml")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, ".", "env", "GOFLAGS=", "GPG_FINGERPRINT="+r.key.fingerprint, variable, "sh", "-ec", before+`
		git -c safe.directory='*' clone --quiet "$1" "$2"
		cd "$2"
		git checkout --quiet --detach "$3"
		git tag --force "$4"
		exec goreleaser release --clean --skip=publish,announce --config "$0" 2>&1
	`, file, source, clone, r.commit, "v"+r.version)
	return filepath.Join(clone, "dist")
}

// A build elsewhere has the same bytes: in another folder and time zone, with other file
// modes, and with an empty cache.
func (r *release) checkRebuilt(t *testing.T) {
	cache := t.TempDir()
	again := r.build(t, filepath.Join(t.TempDir(), "another place"), "TZ=Pacific/Auckland",
		fmt.Sprintf("umask 077; export GOCACHE='%s'", cache))
	files := r.files(t)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content, err := os.ReadFile(filepath.Join(again, name))
		if err != nil || !bytes.Equal(content, files[name]) {
			t.Errorf("%s is another one: %v", name, err)
		}
	}
	sums, err := os.ReadFile(filepath.Join(again, r.name("SHA256SUMS")))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("both times:\n%s", sums)
	if published := os.Getenv("SHA256SUMS"); published != "" && strings.TrimSpace(published) != strings.TrimSpace(string(sums)) {
		t.Errorf("the draft has other sums:\n%s", published)
	}
}

// name is the name of a file of the release.
func (r *release) name(suffix string) string { return project + "_" + r.version + "_" + suffix }

func (r *release) zip(target string) string {
	return r.name(strings.TrimSuffix(target, "_6") + ".zip")
}

// files returns the files of the release except for the signature, by name.
func (r *release) files(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	names := []string{r.name("SHA256SUMS")}
	for _, target := range r.targets {
		names = append(names, r.zip(target), strings.TrimSuffix(r.zip(target), ".zip")+".cdx.json")
	}
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(r.folder, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = content
	}
	return files
}

// The checksums are those of the zips and the manifest only.
func (r *release) checkChecksums(t *testing.T) {
	manifest, err := os.ReadFile(filepath.Join(root, "terraform-registry-manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	files := r.files(t)
	want := []string{hexSum(manifest) + "  " + r.name("manifest.json")}
	for name, content := range files {
		if strings.HasSuffix(name, ".zip") {
			want = append(want, hexSum(content)+"  "+name)
		}
	}
	got := strings.Split(strings.TrimSpace(string(files[r.name("SHA256SUMS")])), "\n")
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the checksums are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func hexSum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func (r *release) checkSignature(t *testing.T) {
	run(t, r.folder, "gpg", "--verify", r.name("SHA256SUMS.sig"), r.name("SHA256SUMS"))
}

// The zip of a target has the binary and the licenses of all linked modules, and its SBOM
// names the same modules as the binary.
func (r *release) checkTarget(t *testing.T, target string) {
	files := r.files(t)
	archive := files[r.zip(target)]
	opened, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	content := map[string][]byte{}
	for _, file := range opened.File {
		reader, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		if content[file.Name], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
	}
	binary := r.binary(target)
	names := slices.Sorted(maps.Keys(content))
	if want := []string{"LICENSE", "README.md", "THIRD_PARTY_NOTICES", binary}; !slices.Equal(names, want) {
		t.Fatalf("the zip has %q, want %q", names, want)
	}
	info, err := buildinfo.Read(bytes.NewReader(content[binary]))
	if err != nil {
		t.Fatal(err)
	}
	var linked []string
	for _, module := range info.Deps {
		linked = append(linked, module.Path+" "+module.Version)
		if !bytes.Contains(content["THIRD_PARTY_NOTICES"], []byte("\n"+module.Path+" "+module.Version+" (")) {
			t.Errorf("%s %s is not in THIRD_PARTY_NOTICES", module.Path, module.Version)
		}
	}
	var sbom struct {
		Components []struct{ Name, Version string }
		Metadata   struct {
			Component struct{ Name, Version string }
		}
	}
	if err := json.Unmarshal(files[strings.TrimSuffix(r.zip(target), ".zip")+".cdx.json"], &sbom); err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, c := range sbom.Components {
		listed = append(listed, c.Name+" "+c.Version)
	}
	slices.Sort(linked)
	slices.Sort(listed)
	if !slices.Equal(listed, linked) || len(linked) == 0 {
		t.Errorf("the SBOM lists\n%q\nand the binary has\n%q", listed, linked)
	}
	if got := sbom.Metadata.Component; got.Name != info.Main.Path || got.Version != "v"+r.version {
		t.Errorf("the SBOM is that of %s %s", got.Name, got.Version)
	}
}

func (r *release) binary(target string) string {
	name := project + "_v" + r.version
	if strings.HasPrefix(target, "windows") {
		name += ".exe"
	}
	return name
}

func (r *release) checkManifest(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(root, "terraform-registry-manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Version  int
		Metadata struct {
			ProtocolVersions []string `json:"protocol_versions"`
		}
	}
	if err := json.Unmarshal(content, &manifest); err != nil || manifest.Version != 1 ||
		!slices.Equal(manifest.Metadata.ProtocolVersions, []string{"6.0"}) {
		t.Errorf("the manifest is %s: %v", content, err)
	}
}

// A tagged version has a section in the changelog.
func (r *release) checkNotes(t *testing.T) {
	section := r.version
	if section == untagged {
		section = "Unreleased"
	}
	if notes := run(t, root, ".ci/release-notes", section); !strings.Contains(notes, "\n### ") {
		t.Errorf("the notes are\n%s", notes)
	}
}

// emulators run a binary for another processor, if they are installed.
var emulators = map[string]string{"linux_arm64": "qemu-aarch64", "linux_arm_6": "qemu-arm"}

// Each binary that can run here prints its version.
func (r *release) checkVersion(t *testing.T) {
	for _, target := range r.targets {
		t.Run(target, func(t *testing.T) {
			var command []string
			switch emulator := emulators[target]; {
			case target == runtime.GOOS+"_"+runtime.GOARCH, target == "linux_386" && runtime.GOOS+runtime.GOARCH == "linuxamd64":
			case emulator == "":
				t.Skip("it does not run on this machine")
			default:
				if _, err := exec.LookPath(emulator); err != nil {
					t.Skipf("there is no %s here: apt-get install qemu-user", emulator)
				}
				command = append(command, emulator)
			}
			folder := t.TempDir()
			unzip(t, filepath.Join(r.folder, r.zip(target)), folder)
			command = append(command, filepath.Join(folder, r.binary(target)), "-version")
			got := strings.TrimSpace(run(t, folder, command[0], command[1:]...))
			if want := fmt.Sprintf("%s %s (%s, %s)", project, r.version, r.commit, runtime.Version()); got != want {
				t.Errorf("it says %q, want %q", got, want)
			}
		})
	}
}

func unzip(t *testing.T, archive, folder string) {
	t.Helper()
	reader, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := os.CopyFS(folder, reader); err != nil {
		t.Fatal(err)
	}
	binaries, err := filepath.Glob(filepath.Join(folder, project+"*"))
	for _, binary := range binaries {
		err = os.Chmod(binary, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// run runs a command in a folder and returns its output. A failure ends the test with the
// output.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %q: %v\n%s%s", name, args, err, &stdout, &stderr)
	}
	return stdout.String()
}
