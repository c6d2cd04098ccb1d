package sealing

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
	"golang.org/x/crypto/ssh"
)

// ParseAgeRecipients parses one or more public keys: of age (X25519, age1…, or
// post-quantum, age1pq1…, which cannot be mixed with others) or of SSH (ssh-ed25519, or
// ssh-rsa of at least 2048 bits). Seal returns an armored age file that each of their
// owners can read.
func ParseAgeRecipients(keys []string) (*Recipients, error) {
	if len(keys) == 0 {
		return nil, errors.New("there is no recipient: name at least one")
	}
	recipients := map[string]age.Recipient{}
	for i, key := range keys {
		canonical, recipient, err := parseAgeRecipient(key)
		if err == nil {
			err = tryOut(recipient)
		}
		if err != nil {
			return nil, fmt.Errorf("recipient %d of %d: %w", i+1, len(keys), err)
		}
		recipients[canonical] = recipient
	}
	var sorted []string
	for canonical := range recipients {
		sorted = append(sorted, canonical)
	}
	slices.Sort(sorted)
	var unique []age.Recipient
	hybrid := 0
	for _, canonical := range sorted {
		unique = append(unique, recipients[canonical])
		if strings.HasPrefix(canonical, "age1pq1") {
			hybrid++
		}
	}
	if hybrid > 0 && hybrid < len(unique) {
		return nil, errors.New(
			"post-quantum recipients (age1pq1…) cannot be mixed with others, because a quantum computer could then read " +
				"the secret: use one kind only",
		)
	}
	return newRecipients("age "+strings.Join(sorted, ", "), func(plaintext string) (string, error) {
		return sealAge(plaintext, unique)
	})
}

func sealAge(plaintext string, recipients []age.Recipient) (string, error) {
	var out strings.Builder
	armored := armor.NewWriter(&out)
	w, err := age.Encrypt(armored, recipients...)
	if err != nil {
		return "", err
	}
	_, err = io.WriteString(w, plaintext)
	err = errors.Join(err, w.Close(), armored.Close())
	return out.String(), err
}

// tryOut finds keys of low order here, where the error can still say which key it is.
func tryOut(recipient age.Recipient) error {
	const fileKeyBytes = 16
	if _, err := recipient.Wrap(make([]byte, fileKeyBytes)); err != nil {
		return errors.New("nothing can be encrypted to this key: it has the right form, but is not a key. Use another one")
	}
	return nil
}

func parseAgeRecipient(key string) (string, age.Recipient, error) {
	if err := refusePrivateKey(key); err != nil {
		return "", nil, err
	}
	key = strings.TrimSpace(key)
	switch {
	case key == "":
		return "", nil, errors.New("it is empty: give age1…, ssh-ed25519 … or ssh-rsa …")
	case strings.ContainsAny(key, "\r\n"):
		return "", nil, errors.New("it has more than one line: write each line as a separate element of the list, without comments")
	case strings.HasPrefix(key, "age1pq1"):
		return parseHybrid(key)
	case strings.HasPrefix(key, "age1"):
		return parseX25519(key)
	default:
		return parseSSH(key)
	}
}

func parseX25519(key string) (string, age.Recipient, error) {
	// A 1 separates the kind of a key from the key itself, which never contains one.
	if strings.Count(key, "1") > 1 {
		return "", nil, errors.New("it is an age recipient of another kind, such as a plugin's: give one of X25519, as `age-keygen` makes it")
	}
	recipient, err := age.ParseX25519Recipient(key)
	if err != nil {
		return "", nil, errors.New("it is not a whole age recipient: compare it with what `age-keygen -y FILE` prints")
	}
	return recipient.String(), recipient, nil
}

// parseHybrid parses a recipient of age's own post-quantum kind.
func parseHybrid(key string) (string, age.Recipient, error) {
	recipient, err := age.ParseHybridRecipient(key)
	if err != nil {
		return "", nil, errors.New("it is not a whole age recipient: compare it with what `age-keygen -y FILE` prints")
	}
	return recipient.String(), recipient, nil
}

func parseSSH(key string) (string, age.Recipient, error) {
	public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(key))
	if err != nil {
		return "", nil, errors.New("it is not an age recipient: give age1…, ssh-ed25519 … or ssh-rsa …, the whole line")
	}
	var recipient age.Recipient
	switch public.Type() {
	case ssh.KeyAlgoED25519:
		recipient, err = agessh.NewEd25519Recipient(public)
	case ssh.KeyAlgoRSA:
		recipient, err = agessh.NewRSARecipient(public)
	default:
		return "", nil, fmt.Errorf("age cannot encrypt to an SSH key of the type %s: give one of ssh-ed25519 or ssh-rsa", public.Type())
	}
	if err != nil {
		return "", nil, fmt.Errorf("age cannot encrypt to this SSH key, because it is malformed or an RSA key of less than 2048 bits: " +
			"give another one, such as one of ssh-ed25519")
	}
	return string(bytes.TrimSpace(ssh.MarshalAuthorizedKey(public))), recipient, nil
}
