package sealing_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/nacl/box"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/sealing"
)

// reader returns the path of a program that does not share code with this package,
// or skips the test.
func reader(t *testing.T, name, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("there is no %s to read with: apt-get install %s", name, debianPackage)
	}
	return path
}

// run returns what a program prints.
func run(t *testing.T, env []string, stdin, program string, arguments ...string) string {
	t.Helper()
	cmd := exec.Command(program, arguments...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, arguments, err, &stderr)
	}
	return string(out)
}

func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAgeReads(t *testing.T) {
	age, keygen := reader(t, "age", "age"), reader(t, "age-keygen", "age")
	identity := run(t, nil, "", keygen)
	native := strings.TrimSpace(run(t, nil, identity, keygen, "-y"))
	ed, edIdentity := sshKey(t, ed25519Key(t))
	rsaPublic, rsaIdentity := sshKey(t, rsaKey(t, 3072))
	sealed := seal(t, value[*sealing.Recipients](t)(sealing.ParseAgeRecipients([]string{native, ed, rsaPublic})))
	for name, identity := range map[string]string{"X25519": identity, "ed25519": edIdentity, "RSA": rsaIdentity} {
		if plaintext := run(t, nil, sealed, age, "--decrypt", "--identity", file(t, "identity", identity)); plaintext != secret {
			t.Errorf("%s: age read %q", name, plaintext)
		}
		theirs := run(t, nil, secret, age, "--armor", "-r", native, "-r", ed, "-r", rsaPublic)
		if plaintext, err := sealing.DecryptAge(theirs, identity); err != nil || plaintext != secret {
			t.Errorf("%s: read %q of age, %v", name, plaintext, err)
		}
	}
}

func TestGPGReads(t *testing.T) {
	gpg := reader(t, "gpg", "gnupg")
	for _, algorithm := range []string{"rsa2048", "ed25519"} {
		t.Run(algorithm, func(t *testing.T) {
			home := gpgHome(t)
			run(t, home, "", gpg, "--batch", "--passphrase", "", "--quick-generate-key", "me@example.org", algorithm, "cert", "never")
			list := strings.Split(run(t, home, "", gpg, "--batch", "--with-colons", "--list-keys"), "\nfpr:")
			fingerprint := strings.Trim(strings.SplitN(list[1], "\n", 2)[0], ":")
			subkey := map[string]string{"rsa2048": "rsa2048", "ed25519": "cv25519"}[algorithm]
			run(t, home, "", gpg, "--batch", "--passphrase", "", "--quick-add-key", fingerprint, subkey, "encr", "never")

			armored := run(t, home, "", gpg, "--batch", "--armor", "--export", "me@example.org")
			binary := b64(run(t, home, "", gpg, "--batch", "--export", "me@example.org"))
			for _, key := range []string{armored, binary} {
				r := value[*sealing.Recipients](t)(sealing.ParsePGPKey(key))
				if !strings.Contains(r.Canonical(), fingerprint) {
					t.Errorf("%q is without %s", r.Canonical(), fingerprint)
				}
				sealed := value[[]byte](t)(base64.StdEncoding.DecodeString(seal(t, r)))
				if plaintext := run(t, home, string(sealed), gpg, "--batch", "--decrypt"); plaintext != secret {
					t.Errorf("gpg read %q", plaintext)
				}
			}
			exported := run(t, home, "", gpg, "--batch", "--pinentry-mode", "loopback", "--passphrase", "", "--export-secret-keys")
			if _, err := sealing.ParsePGPKey(b64(exported)); err == nil || !strings.Contains(err.Error(), "private key (of PGP)") {
				t.Errorf("an exported private key: %v", err)
			}
		})
	}
}

// gpgHome makes a folder for gpg, and stops at the end what gpg starts in it.
func gpgHome(t *testing.T) []string {
	t.Helper()
	env := []string{"GNUPGHOME=" + t.TempDir()}
	t.Cleanup(func() { run(t, env, "", "gpgconf", "--kill", "all") })
	return env
}

func TestLibsodiumReads(t *testing.T) {
	// Debian's packages are there for Debian's Python alone, which need not be the first one.
	var python string
	for _, candidate := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(candidate, "-c", "import nacl").Run() == nil {
			python = candidate
		}
	}
	if python == "" {
		t.Skip("there is no Python with libsodium to read with: apt-get install python3-nacl")
	}
	public, private, err := box.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sealed := seal(t, value[*sealing.Recipients](t)(sealing.ParseGitHubPublicKey(b64(string(public[:])))))
	const program = `
import base64, sys
from nacl.bindings import crypto_box_seal_open
public, private, sealed = (base64.b64decode(line) for line in sys.stdin)
sys.stdout.write(crypto_box_seal_open(sealed, public, private).decode())`
	stdin := fmt.Sprintf("%s\n%s\n%s\n", b64(string(public[:])), b64(string(private[:])), sealed)
	if plaintext := run(t, nil, stdin, python, "-c", program); plaintext != secret {
		t.Errorf("libsodium read %q", plaintext)
	}
}
