package apitoken_test

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
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// reader returns the path of a program that shares no code with the provider, or skips
// the test.
func reader(t *testing.T, name, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		acctest.Missing(t, "there is no %s to read with: apt-get install %s", name, debianPackage)
	}
	return path
}

// runProgram returns what a program prints.
func runProgram(t *testing.T, env []string, stdin, program string, arguments ...string) string {
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

// encryptedTo is a token whose secret is for recipients.
type encryptedTo struct {
	t          *testing.T
	cloud      *acctest.Cloud
	id         string
	ciphertext string
}

func issueTo(t *testing.T, recipients map[string]any) encryptedTo {
	t.Helper()
	cloud := acctest.Start(t, mockserver.Options{})
	token := protocoltest.Start(t, cloud, nil).Resource("cloudfleet_api_token")
	config := arguments("ci", "a")
	config["encrypt_to"] = recipients
	if diags := token.Apply(t.Context(), config); len(diags) > 0 {
		t.Fatal(diags)
	}
	secrets := token.State()
	return encryptedTo{t, cloud, token.Text("id"), tokentest.Ciphertext(secrets, "github") + tokentest.Ciphertext(secrets, "age") +
		tokentest.Ciphertext(secrets, "pgp")}
}

// isReadAs checks that the decrypted text is the secret.
func (e encryptedTo) isReadAs(plaintext, reader string) {
	e.t.Helper()
	if !e.cloud.Accepts(e.id, plaintext) {
		e.t.Errorf("%s read %q", reader, plaintext)
	}
}

func TestAgeReads(t *testing.T) {
	age, keygen, sshKeygen := reader(t, "age", "age"), reader(t, "age-keygen", "age"), reader(t, "ssh-keygen", "openssh-client")
	identity := runProgram(t, nil, "", keygen)
	recipients, identities := []any{strings.TrimSpace(runProgram(t, nil, identity, keygen, "-y"))}, []string{file(t, "identity", identity)}
	for _, algorithm := range []string{"ed25519", "rsa"} {
		private := filepath.Join(t.TempDir(), algorithm)
		runProgram(t, nil, "", sshKeygen, "-q", "-t", algorithm, "-N", "", "-f", private)
		recipients = append(recipients, runProgram(t, nil, "", sshKeygen, "-y", "-f", private))
		identities = append(identities, private)
	}
	token := issueTo(t, map[string]any{"age_recipients": recipients})
	for _, identity := range identities {
		token.isReadAs(runProgram(t, nil, token.ciphertext, age, "--decrypt", "--identity", identity), "age")
	}
}

func TestAgeIsRead(t *testing.T) {
	age, keygen := reader(t, "age", "age"), reader(t, "age-keygen", "age")
	identity := runProgram(t, nil, "", keygen)
	ciphertext := runProgram(t, nil, "a secret", age, "--armor", "--recipient", strings.TrimSpace(runProgram(t, nil, identity, keygen, "-y")))
	if plaintext, err := sealing.DecryptAge(ciphertext, identity); err != nil || plaintext != "a secret" {
		t.Errorf("read %q, %v", plaintext, err)
	}
}

func TestGPGReads(t *testing.T) {
	gpg := reader(t, "gpg", "gnupg")
	for _, algorithm := range []string{"rsa2048", "ed25519"} {
		t.Run(algorithm, func(t *testing.T) {
			home := gpgHome(t)
			runProgram(t, home, "", gpg, "--batch", "--passphrase", "", "--quick-generate-key", "me@example.org", algorithm, "cert", "never")
			list := strings.Split(runProgram(t, home, "", gpg, "--batch", "--with-colons", "--list-keys"), "\nfpr:")
			fingerprint := strings.Trim(strings.SplitN(list[1], "\n", 2)[0], ":")
			subkey := map[string]string{"rsa2048": "rsa2048", "ed25519": "cv25519"}[algorithm]
			runProgram(t, home, "", gpg, "--batch", "--passphrase", "", "--quick-add-key", fingerprint, subkey, "encr", "never")

			armored := runProgram(t, home, "", gpg, "--batch", "--armor", "--export", "me@example.org")
			binary := base64.StdEncoding.EncodeToString([]byte(runProgram(t, home, "", gpg, "--batch", "--export", "me@example.org")))
			for _, key := range []string{armored, binary} {
				token := issueTo(t, map[string]any{"pgp_key": key})
				message, err := base64.StdEncoding.DecodeString(token.ciphertext)
				if err != nil {
					t.Fatal(err)
				}
				token.isReadAs(runProgram(t, home, string(message), gpg, "--batch", "--decrypt"), "gpg")
			}
			exported := runProgram(t, home, "", gpg, "--batch", "--pinentry-mode", "loopback", "--passphrase", "", "--export-secret-keys")
			if _, err := sealing.ParsePGPKey(
				base64.StdEncoding.EncodeToString([]byte(exported)),
			); err == nil ||
				!strings.Contains(err.Error(), "private key (of PGP)") {
				t.Errorf("an exported private key: %v", err)
			}
		})
	}
}

// gpgHome creates a folder for gpg, and at the end stops the processes that gpg starts in
// it.
func gpgHome(t *testing.T) []string {
	t.Helper()
	env := []string{"GNUPGHOME=" + t.TempDir()}
	t.Cleanup(func() { runProgram(t, env, "", "gpgconf", "--kill", "all") })
	return env
}

func TestLibsodiumReads(t *testing.T) {
	// Debian's packages work only with Debian's Python, which may not be the first on the
	// PATH.
	var python string
	for _, candidate := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(candidate, "-c", "import nacl").Run() == nil {
			python = candidate
		}
	}
	if python == "" {
		acctest.Missing(t, "there is no Python with libsodium to read with: apt-get install python3-nacl")
	}
	public, private, err := box.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	publicKey := base64.StdEncoding.EncodeToString(public[:])
	token := issueTo(t, map[string]any{"github_public_key": publicKey})
	const program = `
import base64, sys
from nacl.bindings import crypto_box_seal_open
public, private, sealed = (base64.b64decode(line) for line in sys.stdin)
sys.stdout.write(crypto_box_seal_open(sealed, public, private).decode())`
	stdin := fmt.Sprintf("%s\n%s\n%s\n", publicKey, base64.StdEncoding.EncodeToString(private[:]), token.ciphertext)
	token.isReadAs(runProgram(t, nil, stdin, python, "-c", program), "libsodium")
}
