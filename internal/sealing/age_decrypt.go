package sealing

import (
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
	"golang.org/x/crypto/ssh"
)

// CheckAgeIdentity reports an error unless s is an identity that DecryptAge takes.
func CheckAgeIdentity(s string) error {
	_, err := parseAgeIdentities(s)
	return err
}

// DecryptAge decrypts what was encrypted to the public key of identity: age keys
// (AGE-SECRET-KEY-1…) as in a key file, with comments, or one private SSH key in PEM
// without a passphrase. The error is ErrOtherIdentity if it was encrypted to others.
func DecryptAge(ciphertext, identity string) (string, error) {
	ciphertext = unindent(ciphertext)
	if !strings.HasPrefix(ciphertext, armor.Header) || !strings.HasSuffix(ciphertext, armor.Footer) {
		return "", errors.New("this is not an armored age file, which begins with " + armor.Header + " and ends with " + armor.Footer)
	}
	identities, err := parseAgeIdentities(identity)
	if err != nil {
		return "", err
	}
	r, err := age.Decrypt(armor.NewReader(strings.NewReader(ciphertext)), identities...)
	if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
		return "", ErrOtherIdentity
	}
	if err != nil {
		return "", errDamaged
	}
	plaintext, err := io.ReadAll(r)
	if err != nil {
		return "", errDamaged
	}
	if !utf8.Valid(plaintext) {
		return "", errors.New("the decrypted content is not text in UTF-8, so it cannot be a string")
	}
	return string(plaintext), nil
}

// ErrOtherIdentity says that a ciphertext is for others.
var ErrOtherIdentity = errors.New("the ciphertext was not encrypted to this identity: give that of one of its recipients " +
	"(`age-keygen -y FILE` prints the recipient of an identity)")

var errDamaged = errors.New("the ciphertext is damaged: a part was changed or is missing")

// unindent removes what editors, heredocs and YAML add to lines: white space, and a byte
// order mark.
func unindent(s string) string {
	lines := strings.Split(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(s), "\ufeff")), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}

func parseAgeIdentities(s string) ([]age.Identity, error) {
	s = unindent(s)
	if strings.HasPrefix(s, armor.Header) || strings.HasPrefix(s, "age-encryption.org/") {
		return nil, errors.New("this identity is protected with a passphrase, which cannot be asked for here: decrypt it first " +
			"(`age --decrypt FILE`), and give what that prints")
	}
	if strings.HasPrefix(s, "age1") || strings.HasPrefix(s, "ssh-") {
		return nil, errors.New("this is a public key, and what decrypts is the private one: AGE-SECRET-KEY-1…, or a private SSH key in PEM")
	}
	if pemPrivatePattern.MatchString(s) {
		return parseSSHIdentity(s)
	}
	identities, err := age.ParseIdentities(strings.NewReader(s))
	if err != nil {
		return nil, errors.New("this is not an age identity: give AGE-SECRET-KEY-1…, as `age-keygen` makes it, or a private SSH key in " +
			"PEM, and all of it")
	}
	return identities, nil
}

func parseSSHIdentity(s string) ([]age.Identity, error) {
	identity, err := agessh.ParseIdentity([]byte(s))
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
		return nil, errors.New("this SSH key has a passphrase, which cannot be asked for here: give a copy without one " +
			"(`ssh-keygen -p -f COPY -N ''`)")
	}
	if err != nil {
		return nil, errors.New("this is not a whole private SSH key of the type ssh-ed25519 or ssh-rsa")
	}
	return []age.Identity{identity}, nil
}
