package sealing_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/sealing"
)

// holds checks for every input that errors do not repeat it, and that accepted recipients
// can be encrypted to.
func holds(t *testing.T, r *sealing.Recipients, err error, input string) {
	t.Helper()
	if err != nil {
		notRepeated(t, err, input)
		return
	}
	if _, err := r.Seal(secret); err != nil {
		if _, expired := errors.AsType[*sealing.ExpiredError](err); !expired {
			t.Errorf("taken, but not sealed to: %v", err)
		}
	}
}

func notRepeated(t *testing.T, err error, input string) {
	t.Helper()
	const much = 30
	for i := 0; i+much <= len(input); i++ {
		if part := input[i : i+much]; strings.Contains(err.Error(), part) {
			t.Errorf("the error %q repeats %q", err, part)
		}
	}
}

func FuzzParseGitHubPublicKey(f *testing.F) {
	for _, seed := range []string{"", "\n", "=", b64(strings.Repeat("k", 32)), b64(strings.Repeat("\x00", 32)), b64(strings.Repeat("k", 33)), "-----BEGIN PRIVATE KEY-----"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		r, err := sealing.ParseGitHubPublicKey(key)
		holds(t, r, err, key)
		if err == nil {
			again, err := sealing.ParseGitHubPublicKey(strings.TrimPrefix(r.Canonical(), "github "))
			if err != nil || again.Canonical() != r.Canonical() {
				t.Errorf("%q is not canonical: %v", r.Canonical(), err)
			}
		}
	})
}

func FuzzParseAgeRecipients(f *testing.F) {
	native, identity := ageKey(f)
	ed, private := sshKey(f, ed25519Key(f))
	rsaPublic, _ := sshKey(f, rsaKey(f, 2048))
	ec, _ := sshKey(f, ecdsaKey(f))
	f.Add("", "")
	f.Add(native, native+"\n")
	f.Add(native, identity)
	f.Add(ed, rsaPublic)
	f.Add(ec, private)
	f.Add(`command="a b",no-pty `+ed+" a comment", "# "+native)
	f.Fuzz(func(t *testing.T, one, two string) {
		r, err := sealing.ParseAgeRecipients([]string{one, two})
		holds(t, r, err, one)
		holds(t, r, err, two)
		if err == nil {
			again, err := sealing.ParseAgeRecipients(strings.Split(strings.TrimPrefix(r.Canonical(), "age "), ", "))
			if err != nil || again.Canonical() != r.Canonical() {
				t.Errorf("%q is not canonical: %v", r.Canonical(), err)
			}
		}
	})
}

func FuzzParsePGPKey(f *testing.F) {
	key := pgpKey(f, time.Now(), 0)
	for _, seed := range []string{"", "keybase:me", b64(public(f, key)), b64(private(f, key)), armored(f, openpgp.PublicKeyType, public(f, key)),
		armored(f, openpgp.PrivateKeyType, private(f, key)), keyWith(f, revoke), keyWith(f, withoutSubkeys)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		r, err := sealing.ParsePGPKey(key)
		holds(t, r, err, key)
	})
}

// FuzzParseBinaryPGPKey does not spend its time on invalid base64.
func FuzzParseBinaryPGPKey(f *testing.F) {
	key := pgpKey(f, time.Now(), 0)
	f.Add([]byte(public(f, key)))
	f.Add([]byte(private(f, key)))
	f.Add([]byte(public(f, key)[:60]))
	f.Fuzz(func(t *testing.T, key []byte) {
		r, err := sealing.ParsePGPKey(b64(string(key)))
		holds(t, r, err, string(key))
	})
}

func FuzzDecryptAge(f *testing.F) {
	native, identity := ageKey(f)
	ed, private := sshKey(f, ed25519Key(f))
	r := value[*sealing.Recipients](f)(sealing.ParseAgeRecipients([]string{native, ed}))
	sealed := value[string](f)(r.Seal(secret))
	f.Add(sealed, identity)
	f.Add(sealed, private)
	f.Add(changed(sealed), "# a comment\n"+identity)
	f.Add("", native)
	f.Fuzz(func(t *testing.T, ciphertext, identity string) {
		plaintext, err := sealing.DecryptAge(ciphertext, identity)
		if err != nil {
			notRepeated(t, err, identity)
			return
		}
		if plaintext != secret {
			t.Errorf("read %q", plaintext)
		}
	})
}
