package sealing_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/pem"
	"io"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"golang.org/x/crypto/ssh"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/sealing"
)

const secret = "cf_secret_0123456789abcdefghijABCDEFGHIJ01"

// value drops an error that cannot occur.
func value[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func seal(t *testing.T, r *sealing.Recipients) string {
	t.Helper()
	return value[string](t)(r.Seal(secret))
}

func parseAge(keys ...string) func() (*sealing.Recipients, error) {
	return func() (*sealing.Recipients, error) { return sealing.ParseAgeRecipients(keys) }
}

func parseGitHub(key string) func() (*sealing.Recipients, error) {
	return func() (*sealing.Recipients, error) { return sealing.ParseGitHubPublicKey(key) }
}

func parsePGP(key string) func() (*sealing.Recipients, error) {
	return func() (*sealing.Recipients, error) { return sealing.ParsePGPKey(key) }
}

// ageKey returns a recipient and its identity.
func ageKey(t testing.TB) (string, string) {
	identity := value[*age.X25519Identity](t)(age.GenerateX25519Identity())
	return identity.Recipient().String(), identity.String()
}

// sshKey returns a public key as in authorized_keys, and the private one in PEM.
func sshKey(t testing.TB, private any) (string, string) {
	signer := value[ssh.Signer](t)(ssh.NewSignerFromKey(private))
	block := value[*pem.Block](t)(ssh.MarshalPrivateKey(private, "me@example.org"))
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))), string(pem.EncodeToMemory(block))
}

func ed25519Key(t testing.TB) ed25519.PrivateKey {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	return value[ed25519.PrivateKey](t)(private, err)
}

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	return value[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, bits))
}

func ecdsaKey(t testing.TB) *ecdsa.PrivateKey {
	return value[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
}

// pgpKey creates a key at this time that is valid for a while or, with 0, for ever.
func pgpKey(t testing.TB, created time.Time, lifetime time.Duration) *openpgp.Entity {
	return value[*openpgp.Entity](t)(openpgp.NewEntity("Me", "", "me@example.org", &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return created }, KeyLifetimeSecs: uint32(lifetime.Seconds()),
	}))
}

func binary(t testing.TB, serialize func(io.Writer) error) string {
	var out bytes.Buffer
	if err := serialize(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func public(t testing.TB, e *openpgp.Entity) string { return binary(t, e.Serialize) }

func private(t testing.TB, e *openpgp.Entity) string {
	return binary(t, func(w io.Writer) error { return e.SerializePrivate(w, nil) })
}

func armored(t testing.TB, kind, text string) string {
	return binary(t, func(out io.Writer) error {
		w := value[io.WriteCloser](t)(armor.Encode(out, kind, nil))
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
		return w.Close()
	})
}

func b64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// keyWith is a public PGP key after a change.
func keyWith(t testing.TB, change func(*openpgp.Entity) error) string {
	key := pgpKey(t, time.Now(), 0)
	if err := change(key); err != nil {
		t.Fatal(err)
	}
	return b64(public(t, key))
}

func revoke(key *openpgp.Entity) error { return key.RevokeKey(packet.KeyRetired, "", nil) }

func revokeSubkey(key *openpgp.Entity) error {
	return key.RevokeSubkey(&key.Subkeys[0], packet.KeyCompromised, "", nil)
}

func revokeUserID(key *openpgp.Entity) error {
	identity := key.PrimaryIdentity()
	revocation := &packet.Signature{
		SigType: packet.SigTypeCertificationRevocation, CreationTime: time.Now(), Version: 4, Hash: crypto.SHA256,
		PubKeyAlgo: key.PrimaryKey.PubKeyAlgo, IssuerKeyId: &key.PrimaryKey.KeyId,
	}
	identity.Signatures = append(identity.Signatures, revocation)
	return revocation.SignUserId(identity.UserId.Id, key.PrimaryKey, key.PrivateKey, nil)
}

func withoutSubkeys(key *openpgp.Entity) error {
	key.Subkeys = nil
	return nil
}

// changed is text with another letter 100 before its end.
func changed(text string) string {
	i := len(text) - 100
	if text[i] == 'A' {
		return text[:i] + "B" + text[i+1:]
	}
	return text[:i] + "A" + text[i+1:]
}
