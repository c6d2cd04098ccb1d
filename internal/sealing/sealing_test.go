package sealing_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"golang.org/x/crypto/nacl/box"
	"golang.org/x/crypto/ssh"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/sealing"
)

func TestSealToGitHub(t *testing.T) {
	public, private, err := box.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key := base64.StdEncoding.EncodeToString(public[:])
	sealed := value[[]byte](t)(base64.StdEncoding.DecodeString(seal(t, value[*sealing.Recipients](t)(sealing.ParseGitHubPublicKey(key)))))
	if plaintext, ok := box.OpenAnonymous(nil, sealed, public, private); !ok || string(plaintext) != secret {
		t.Errorf("opened %v: %q", ok, plaintext)
	}
}

func TestSealToAge(t *testing.T) {
	native, nativeIdentity := ageKey(t)
	ed, edIdentity := sshKey(t, ed25519Key(t))
	rsaPublic, rsaIdentity := sshKey(t, rsaKey(t, 2048))
	sealed := seal(t, value[*sealing.Recipients](t)(sealing.ParseAgeRecipients([]string{native, ed, rsaPublic, native})))
	for name, identity := range map[string]string{"native": nativeIdentity, "ed25519": edIdentity, "RSA": rsaIdentity} {
		if plaintext, err := sealing.DecryptAge(sealed, identity); err != nil || plaintext != secret {
			t.Errorf("%s: %q, %v", name, plaintext, err)
		}
	}
}

func TestSealToPGP(t *testing.T) {
	key := pgpKey(t, time.Now(), 0)
	for name, text := range map[string]string{"armored": armored(t, openpgp.PublicKeyType, public(t, key)), "base64": b64(public(t, key))} {
		t.Run(name, func(t *testing.T) {
			sealed := value[[]byte](t)(base64.StdEncoding.DecodeString(seal(t, value[*sealing.Recipients](t)(sealing.ParsePGPKey(text)))))
			message := value[*openpgp.MessageDetails](t)(openpgp.ReadMessage(bytes.NewReader(sealed), openpgp.EntityList{key}, nil, nil))
			if plaintext := value[[]byte](t)(io.ReadAll(message.UnverifiedBody)); string(plaintext) != secret {
				t.Errorf("read %q", plaintext)
			}
		})
	}
}

func TestSealingTwiceDiffers(t *testing.T) {
	key, _ := ageKey(t)
	for name, parse := range map[string]func() (*sealing.Recipients, error){
		"github": parseGitHub(b64(strings.Repeat("k", 32))), "age": parseAge(key), "pgp": parsePGP(b64(public(t, pgpKey(t, time.Now(), 0)))),
	} {
		r := value[*sealing.Recipients](t)(parse())
		if first := seal(t, r); first == seal(t, r) {
			t.Errorf("%s: the same ciphertext twice", name)
		}
	}
}

func TestExpiredPGPKey(t *testing.T) {
	for name, key := range map[string]*openpgp.Entity{
		"expired": pgpKey(t, time.Now().Add(-48*time.Hour), 24*time.Hour), "not yet valid": pgpKey(t, time.Now().Add(time.Hour), 0),
	} {
		r := value[*sealing.Recipients](t)(sealing.ParsePGPKey(b64(public(t, key))))
		sealed, err := r.Seal(secret)
		if _, ok := errors.AsType[*sealing.ExpiredError](err); !ok || sealed != "" {
			t.Errorf("%s: %q, %v", name, sealed, err)
		}
	}
}

// Recipients are compared by what they can read, not by how they are written.
func TestCanonical(t *testing.T) {
	raw := strings.Repeat("k", 32)
	one, _ := ageKey(t)
	two, _ := ageKey(t)
	ed, _ := sshKey(t, ed25519Key(t))
	key, other := pgpKey(t, time.Now(), time.Hour), pgpKey(t, time.Now(), time.Hour)
	grown := pgpKey(t, time.Now(), 0)
	text := b64(public(t, grown))
	config := &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA}
	if err := grown.AddUserId("Me too", "", "us@example.org", config); err != nil {
		t.Fatal(err)
	}
	renamed := b64(public(t, grown))
	if err := grown.AddEncryptionSubkey(config); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		a, b func() (*sealing.Recipients, error)
		same bool
	}{
		"GitHub, white space":   {parseGitHub(b64(raw)), parseGitHub("\n " + b64(raw) + "\n"), true},
		"GitHub, another key":   {parseGitHub(b64(raw)), parseGitHub(b64(strings.Repeat("l", 32))), false},
		"age, order":            {parseAge(one, two, ed), parseAge(ed, two, one), true},
		"age, twice the same":   {parseAge(one, one), parseAge(one), true},
		"age, white space":      {parseAge(one + "\n"), parseAge(" " + one), true},
		"age, comment":          {parseAge(ed + " me@example.org"), parseAge(ed), true},
		"age, one more":         {parseAge(one), parseAge(one, two), false},
		"age, another":          {parseAge(one), parseAge(two), false},
		"PGP, armor":            {parsePGP(b64(public(t, key))), parsePGP("\n" + armored(t, openpgp.PublicKeyType, public(t, key))), true},
		"PGP, lines of base64":  {parsePGP(b64(public(t, key))), parsePGP(b64(public(t, key))[:64] + "\n  " + b64(public(t, key))[64:]), true},
		"PGP, another key":      {parsePGP(b64(public(t, key))), parsePGP(b64(public(t, other))), false},
		"PGP, one more subkey":  {parsePGP(text), parsePGP(b64(public(t, grown))), false},
		"GitHub is not age":     {parseGitHub(b64(raw)), parseAge(one), false},
		"PGP, one more user ID": {parsePGP(text), parsePGP(renamed), true},
	} {
		a, b := value[*sealing.Recipients](t)(test.a()), value[*sealing.Recipients](t)(test.b())
		if same := a.Canonical() == b.Canonical(); same != test.same {
			t.Errorf("%s: same is %v for %q and %q", name, same, a.Canonical(), b.Canonical())
		}
	}
}

func TestParseRefuses(t *testing.T) {
	native, nativeIdentity := ageKey(t)
	ed, edIdentity := sshKey(t, ed25519Key(t))
	weak := value[ssh.PublicKey](t)(ssh.NewPublicKey(&rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 2046), E: 65537}))
	ec, ecIdentity := sshKey(t, ecdsaKey(t))
	key, other := pgpKey(t, time.Now(), 0), pgpKey(t, time.Now(), 0)
	secretKey := private(t, key)
	offCurve := "ssh-ed25519 " + b64("\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20\x02"+strings.Repeat("\x00", 31))
	legacy := "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"
	lowOrder := "\xe0\xeb\x7a\x7c\x3b\x41\xb8\xae\x16\x56\xe3\xfa\xf1\x9f\xc4\x6a\xda\x09\x8d\xeb\x9c\x32\xb1\xfd\x86\x62\x05\x16\x5f\x49\xb8\x00"
	// Both have the right form, and are of low order.
	zeroAge := "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z"
	zeroSSH := "ssh-ed25519 " + b64("\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20\x01"+strings.Repeat("\x00", 31))

	for name, test := range map[string]struct {
		parse  func() (*sealing.Recipients, error)
		reason string
	}{
		"GitHub, empty":                   {parseGitHub(""), "the key has 0 bytes"},
		"GitHub, not base64":              {parseGitHub("not base64!"), "not in base64"},
		"GitHub, URL alphabet":            {parseGitHub(strings.Repeat("_", 43) + "="), "not in base64"},
		"GitHub, short":                   {parseGitHub(b64(strings.Repeat("k", 31))), "31 bytes"},
		"GitHub, long":                    {parseGitHub(b64(strings.Repeat("k", 33))), "33 bytes"},
		"GitHub, zero":                    {parseGitHub(b64(strings.Repeat("\x00", 32))), "low order"},
		"GitHub, one":                     {parseGitHub(b64("\x01" + strings.Repeat("\x00", 31))), "low order"},
		"GitHub, order 8":                 {parseGitHub(b64(lowOrder)), "low order"},
		"GitHub, private":                 {parseGitHub(edIdentity), "private key (of SSH"},
		"age, none":                       {parseAge(), "no recipient"},
		"age, empty":                      {parseAge(native, " "), "recipient 2 of 2: it is empty"},
		"age, cut short":                  {parseAge(native[:len(native)-1]), "recipient 1 of 1: it is not a whole age recipient"},
		"age, zero":                       {parseAge(native, zeroAge), "recipient 2 of 2: nothing can be encrypted to"},
		"age, SSH of low order":           {parseAge(zeroSSH), "nothing can be encrypted to"},
		"age, SSH not on the curve":       {parseAge(offCurve), "malformed"},
		"age, post-quantum":               {parseAge("age1pq1" + strings.Repeat("q", 100)), "not a whole age recipient"},
		"age, plugin":                     {parseAge("age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t"), "of another kind"},
		"age, two lines":                  {parseAge(native + "\n" + native), "more than one line"},
		"age, identity":                   {parseAge(native, nativeIdentity), "recipient 2 of 2: this is a private key (an age identity)"},
		"age, identity in lower case":     {parseAge(strings.ToLower(nativeIdentity)), "private key (an age identity)"},
		"age, identity in a key file":     {parseAge("# public key: " + native + "\n" + nativeIdentity[:30]), "private key (an age identity)"},
		"age, ECDSA":                      {parseAge(ec), "SSH key of the type ecdsa-sha2-nistp256"},
		"age, short RSA":                  {parseAge(string(ssh.MarshalAuthorizedKey(weak))), "less than 2048 bits"},
		"age, half an SSH key":            {parseAge(ed[:40]), "it is not an age recipient"},
		"age, private SSH key":            {parseAge(edIdentity), "private key (of SSH"},
		"age, private ECDSA key":          {parseAge(ecIdentity), "private key (of SSH"},
		"age, private RSA key":            {parseAge(legacy), "private key (of SSH"},
		"age, something else":             {parseAge("me"), "it is not an age recipient"},
		"PGP, empty":                      {parsePGP(" "), "is empty"},
		"PGP, keybase":                    {parsePGP("keybase:me"), "keybase: is not supported"},
		"PGP, not base64":                 {parsePGP("me@example.org"), "neither an armored PGP key nor one in base64"},
		"PGP, not a key":                  {parsePGP(b64("hello")), "no whole public PGP key"},
		"PGP, cut short":                  {parsePGP(b64(public(t, key)[:40])), "no whole public PGP key"},
		"PGP, a message":                  {parsePGP(armored(t, "PGP MESSAGE", "x")), "not as a public PGP key"},
		"PGP, damaged armor":              {parsePGP(strings.Replace(armored(t, openpgp.PublicKeyType, public(t, key)), "\n=", "\n=A", 1)), "PGP key"},
		"PGP, two keys":                   {parsePGP(b64(public(t, key) + public(t, other))), "there are 2 PGP keys"},
		"PGP, private":                    {parsePGP(armored(t, openpgp.PrivateKeyType, secretKey)), "private key (of PGP)"},
		"PGP, private in base64":          {parsePGP(b64(secretKey)), "private key (of PGP)"},
		"PGP, private cut short":          {parsePGP(b64(secretKey[:30])), "private key (of PGP)"},
		"PGP, private after public":       {parsePGP(b64(public(t, other) + secretKey)), "private key (of PGP)"},
		"PGP, private armor in base64":    {parsePGP(b64(armored(t, openpgp.PrivateKeyType, secretKey))), "private key (of PGP)"},
		"PGP, private under a false name": {parsePGP(armored(t, openpgp.PublicKeyType, secretKey)), "private key (of PGP)"},
		"PGP, an age identity":            {parsePGP(nativeIdentity), "private key (an age identity)"},
		"PGP, revoked":                    {parsePGP(keyWith(t, revoke)), "is revoked"},
		"PGP, revoked user ID":            {parsePGP(keyWith(t, revokeUserID)), "is revoked"},
		"PGP, revoked subkey":             {parsePGP(keyWith(t, revokeSubkey)), "no subkey for encryption"},
		"PGP, for signatures only":        {parsePGP(keyWith(t, withoutSubkeys)), "no subkey for encryption"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := test.parse()
			if err == nil || !strings.Contains(err.Error(), test.reason) {
				t.Fatalf("%v, %v, want %q", r, err, test.reason)
			}
			_, isPrivate := errors.AsType[*sealing.PrivateKeyError](err)
			if isPrivate != strings.Contains(test.reason, "private key") {
				t.Errorf("known to be about a private key: %v", isPrivate)
			}
			for line := range strings.Lines(nativeIdentity + "\n" + edIdentity + ecIdentity + armored(t, openpgp.PrivateKeyType, secretKey)) {
				if len(line) > 30 && !strings.HasPrefix(line, "-----") && strings.Contains(err.Error(), line[20:28]) {
					t.Errorf("%q repeats a private key", err)
				}
			}
		})
	}
}

func TestDecryptAge(t *testing.T) {
	native, nativeIdentity := ageKey(t)
	_, otherIdentity := ageKey(t)
	ed, edIdentity := sshKey(t, ed25519Key(t))
	_, ecIdentity := sshKey(t, ecdsaKey(t))
	block := value[*pem.Block](t)(ssh.MarshalPrivateKeyWithPassphrase(ed25519Key(t), "", []byte("open sesame")))
	locked := string(pem.EncodeToMemory(block))
	sealed := seal(t, value[*sealing.Recipients](t)(sealing.ParseAgeRecipients([]string{native, ed})))
	file := "# created: 2026-01-01T00:00:00Z\n# public key: " + native + "\n" + nativeIdentity + "\n"
	r := value[*sealing.Recipients](t)(sealing.ParseAgeRecipients([]string{native}))
	notText := value[string](t)(r.Seal("\xff\xfe"))

	for name, test := range map[string]struct{ ciphertext, identity, reason string }{
		"identity":                     {sealed, nativeIdentity, ""},
		"white space":                  {"\n" + sealed + "\n", " " + nativeIdentity + "\n", ""},
		"ciphertext trimmed":           {strings.TrimSpace(sealed), nativeIdentity, ""},
		"key file":                     {sealed, file, ""},
		"key file of Windows":          {sealed, strings.ReplaceAll(file, "\n", "\r\n"), ""},
		"one of two identities":        {sealed, otherIdentity + "\n" + nativeIdentity, ""},
		"SSH key":                      {sealed, edIdentity, ""},
		"SSH key trimmed":              {sealed, strings.TrimSpace(edIdentity), ""},
		"other identity":               {sealed, otherIdentity, "not encrypted to this identity"},
		"ECDSA":                        {sealed, ecIdentity, "not a whole private SSH key"},
		"half an SSH key":              {sealed, edIdentity[:100], "not a whole private SSH key"},
		"locked SSH key":               {sealed, locked, "has a passphrase"},
		"recipient":                    {sealed, native, "this is a public key"},
		"public SSH key":               {sealed, ed, "this is a public key"},
		"half an identity":             {sealed, nativeIdentity[:40], "not an age identity"},
		"no identity":                  {sealed, "", "not an age identity"},
		"key file without an identity": {sealed, "# " + nativeIdentity, "not an age identity"},
		"no ciphertext":                {"", nativeIdentity, "not an armored age file"},
		"ciphertext cut short":         {sealed[:200], nativeIdentity, "not an armored age file"},
		"ciphertext with a hole":       {sealed[:150] + sealed[170:], nativeIdentity, "damaged"},
		"ciphertext that was changed":  {changed(sealed), nativeIdentity, "damaged"},
		"not text":                     {notText, nativeIdentity, "not text"},
	} {
		plaintext, err := sealing.DecryptAge(test.ciphertext, test.identity)
		switch {
		case test.reason == "" && (err != nil || plaintext != secret):
			t.Errorf("%s: %q, %v", name, plaintext, err)
		case test.reason != "" && (err == nil || !strings.Contains(err.Error(), test.reason) || plaintext != ""):
			t.Errorf("%s: %q, %v, want %q", name, plaintext, err, test.reason)
		case err != nil && len(test.identity) > 40 && strings.Contains(err.Error(), test.identity[20:40]):
			t.Errorf("%s: %q repeats the identity", name, err)
		}
	}
}

func TestPostQuantumAge(t *testing.T) {
	identity, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	public := identity.Recipient().String()
	recipients, err := sealing.ParseAgeRecipients([]string{public})
	if err != nil {
		t.Fatal(err)
	}
	ciphertext, err := recipients.Seal("cf_secret_x")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := sealing.DecryptAge(ciphertext, identity.String()); err != nil || got != "cf_secret_x" {
		t.Errorf("got %q, %v", got, err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sealing.ParseAgeRecipients(
		[]string{public, other.Recipient().String()},
	); err == nil ||
		!strings.Contains(err.Error(), "cannot be mixed") {
		t.Errorf("mixed: %v", err)
	}
}

// Text that editors and heredocs add is ignored.
func TestDecryptAgeTakesIndentedTexts(t *testing.T) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	recipients, err := sealing.ParseAgeRecipients([]string{identity.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	ciphertext, err := recipients.Seal("cf_secret_x")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"a byte order mark": "\ufeff" + ciphertext,
		"indented":          "  " + strings.ReplaceAll(ciphertext, "\n", "\n    "),
		"CRLF":              strings.ReplaceAll(ciphertext, "\n", "\r\n"),
	} {
		if got, err := sealing.DecryptAge(text, "\ufeff  "+identity.String()+"\r\n"); err != nil || got != "cf_secret_x" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	if err := sealing.CheckAgeIdentity(ciphertext); err == nil || !strings.Contains(err.Error(), "passphrase") {
		t.Errorf("a protected identity: %v", err)
	}
}

// Keys that gpg reads are accepted, and ambiguous ones rejected.
func TestFormsOfAPGPKey(t *testing.T) {
	armored := func(bits int) string {
		t.Helper()
		entity, err := openpgp.NewEntity("Me", "", "me@example.org", &packet.Config{Algorithm: packet.PubKeyAlgoRSA, RSABits: bits})
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		w, err := armor.Encode(&out, openpgp.PublicKeyType, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(entity.Serialize(w), w.Close()); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	key := armored(2048)
	for name, test := range map[string]struct{ key, refused string }{
		"armored":                 {key, ""},
		"text before the armor":   {"pub  rsa2048 2026-01-01\n\n" + key, ""},
		"armored, then in base64": {base64.StdEncoding.EncodeToString([]byte(key)), ""},
		"two blocks":              {key + "\n" + key, "more than one armored block"},
		"1024 bits":               {armored(1024), "too weak"},
	} {
		_, err := sealing.ParsePGPKey(test.key)
		if (err == nil) != (test.refused == "") || err != nil && !strings.Contains(err.Error(), test.refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// serialized returns a public key in base64, without the parts for which drop returns
// true.
func serialized(t *testing.T, e *openpgp.Entity) string {
	t.Helper()
	var out bytes.Buffer
	if err := e.Serialize(&out); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(out.Bytes())
}

func at(when time.Time) *packet.Config {
	return &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return when }}
}

// Of two encryption subkeys the newest is used, as in gpg, even if the older one was
// signed again later.
func TestNewestPGPSubkey(t *testing.T) {
	now := time.Now()
	e, err := openpgp.NewEntity("Me", "", "me@example.org", at(now.Add(-72*time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.AddEncryptionSubkey(at(now.Add(-48 * time.Hour))); err != nil {
		t.Fatal(err)
	}
	older, newer := e.Subkeys[0], e.Subkeys[1]
	older.Sig.CreationTime = now.Add(-time.Hour)
	if err := older.Sig.SignKey(older.PublicKey, e.PrivateKey, at(now.Add(-time.Hour))); err != nil {
		t.Fatal(err)
	}
	recipients, err := sealing.ParsePGPKey(serialized(t, e))
	if err != nil {
		t.Fatal(err)
	}
	message, err := recipients.Seal("cf_secret_x")
	if err != nil {
		t.Fatal(err)
	}
	binary, err := base64.StdEncoding.DecodeString(message)
	if err != nil {
		t.Fatal(err)
	}
	first, err := packet.NewReader(bytes.NewReader(binary)).Next()
	if err != nil {
		t.Fatal(err)
	}
	if key, ok := first.(*packet.EncryptedKey); !ok || key.KeyId != newer.PublicKey.KeyId {
		t.Errorf("sealed to %+v, not to %X", first, newer.PublicKey.KeyId)
	}
}

// Broken or missing parts of a key are accepted as in gpg, or reported.
func TestUnusualPGPKeys(t *testing.T) {
	newKey := func() *openpgp.Entity {
		e, err := openpgp.NewEntity("Me", "", "me@example.org", at(time.Now().Add(-time.Hour)))
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	brokenID := newKey()
	if err := brokenID.AddUserId("You", "", "you@example.org", at(time.Now().Add(-time.Hour))); err != nil {
		t.Fatal(err)
	}
	broken, err := base64.StdEncoding.DecodeString(serialized(t, brokenID))
	if err != nil {
		t.Fatal(err)
	}
	broken = bytes.Replace(broken, []byte("you@example.org"), []byte("xou@example.org"), 1)
	onlyBroken, err := base64.StdEncoding.DecodeString(serialized(t, newKey()))
	if err != nil {
		t.Fatal(err)
	}
	onlyBroken = bytes.Replace(onlyBroken, []byte("me@example.org"), []byte("xe@example.org"), 1)
	noFlags := newKey()
	subkey := noFlags.Subkeys[0]
	subkey.Sig.FlagsValid = false
	if err := subkey.Sig.SignKey(subkey.PublicKey, noFlags.PrivateKey, at(time.Now().Add(-time.Hour))); err != nil {
		t.Fatal(err)
	}
	noID := newKey()
	noID.Identities = nil
	for name, test := range map[string]struct{ key, refused string }{
		"one broken user ID of two": {base64.StdEncoding.EncodeToString(broken), ""},
		"a broken user ID":          {base64.StdEncoding.EncodeToString(onlyBroken), "no whole public PGP key"},
		"no key flags":              {serialized(t, noFlags), ""},
		"no user ID":                {serialized(t, noID), "no user ID"},
	} {
		recipients, err := sealing.ParsePGPKey(test.key)
		if err == nil {
			_, err = recipients.Seal("cf_secret_x")
		}
		if (err == nil) != (test.refused == "") || err != nil && !strings.Contains(err.Error(), test.refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
