package sealing

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

const howToExportPGP = "give what `gpg --armor --export ID` or `gpg --export ID | base64` prints"

var errPGPPrivateKey = &PrivateKeyError{"of PGP", "`gpg --armor --export ID` prints it"}

// ExpiredError reports a PGP key that is expired, or not valid yet.
type ExpiredError struct {
	fingerprint string
}

func (e *ExpiredError) Error() string {
	return fmt.Sprintf("the PGP key %s, or its subkey for encryption, has expired, or is not valid yet by this machine's clock: extend "+
		"it, or use another one", e.fingerprint)
}

// ParsePGPKey parses one public OpenPGP key, armored or in base64. Seal returns an
// OpenPGP message in base64, without armor. An expired key is accepted: what was
// encrypted to it before is still valid.
func ParsePGPKey(key string) (*Recipients, error) {
	entity, err := readPGPKey(key)
	if err != nil {
		return nil, err
	}
	subkeys := encryptionSubkeys(entity)
	canonical := []string{"pgp", fingerprint(entity.PrimaryKey)}
	for _, subkey := range subkeys {
		canonical = append(canonical, fingerprint(subkey.PublicKey))
	}
	slices.Sort(canonical[2:])
	return newRecipients(strings.Join(canonical, " "), func(plaintext string) (string, error) {
		return sealPGP(plaintext, entity)
	})
}

func sealPGP(plaintext string, to *openpgp.Entity) (string, error) {
	// The time is fixed, so that the key cannot expire between the check and its use.
	now := time.Now()
	config := &packet.Config{Time: func() time.Time { return now }}
	to = withNewestSubkey(to, now)
	if err := checkPGPKey(to, now); err != nil {
		return "", err
	}
	var out bytes.Buffer
	w, err := openpgp.Encrypt(&out, []*openpgp.Entity{to}, nil, &openpgp.FileHints{IsBinary: true}, config)
	if err != nil {
		return "", fmt.Errorf("nothing can be encrypted to the PGP key %s: give another one", fingerprint(to.PrimaryKey))
	}
	_, err = w.Write([]byte(plaintext))
	err = errors.Join(err, w.Close())
	return base64.StdEncoding.EncodeToString(out.Bytes()), err
}

func readPGPKey(key string) (*openpgp.Entity, error) {
	if err := refusePrivateKey(key); err != nil {
		return nil, err
	}
	key = strings.TrimSpace(key)
	const begin = "-----BEGIN PGP"
	if before, armored, found := strings.Cut(key, begin); found {
		if strings.Contains(armored, begin) {
			return nil, errors.New("there is more than one armored block in this, and it is not clear which one is meant: give one")
		}
		key = key[len(before):] // gpg ignores what is before the armor
	}
	var binary []byte
	switch {
	case key == "":
		return nil, errors.New("the PGP key is empty: " + howToExportPGP)
	case strings.HasPrefix(key, "keybase:"):
		return nil, errors.New("keybase: is not supported, because a plan would depend on another server: use the key itself, " +
			"from https://keybase.io/NAME/pgp_keys.asc")
	case strings.HasPrefix(key, begin):
		block, err := armor.Decode(strings.NewReader(key))
		if err != nil || block.Type != openpgp.PublicKeyType {
			return nil, errors.New("this is armored, but not as a public PGP key: " + howToExportPGP)
		}
		var body bytes.Buffer
		if _, err := body.ReadFrom(block.Body); err != nil {
			return nil, errors.New("the armor of the PGP key is damaged: " + howToExportPGP)
		}
		binary = body.Bytes()
	default:
		var err error
		if binary, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(key), "")); err != nil {
			return nil, errors.New("this is neither an armored PGP key nor one in base64: " + howToExportPGP)
		}
		if bytes.HasPrefix(bytes.TrimSpace(binary), []byte(begin)) {
			return readPGPKey(string(binary)) // an armored key that was encoded once more
		}
	}
	return readPGPPackets(binary)
}

func readPGPPackets(binary []byte) (*openpgp.Entity, error) {
	if err := refusePrivateKey(string(binary)); err != nil {
		return nil, err
	}
	entities, err := readTolerantly(binary)
	if beginsWithSecretKey(binary) || slices.ContainsFunc(entities, hasPrivateKey) {
		return nil, errPGPPrivateKey
	}
	switch {
	case errors.Is(err, errNoUserID):
		return nil, err
	case err != nil || len(entities) == 0:
		return nil, errors.New("there is no whole public PGP key in this, or none of a known kind: " + howToExportPGP)
	case len(entities) > 1:
		return nil, fmt.Errorf("there are %d PGP keys in this, and it is not clear which one is meant: give one", len(entities))
	}
	allowWhereNothingIsSaid(entities[0])
	return entities[0], nil
}

// beginsWithSecretKey checks the tag of the first packet (RFC 9580, 4.2), so that it also
// recognizes an incomplete private key.
func beginsWithSecretKey(binary []byte) bool {
	const secretKey, secretSubkey = 5, 7
	if len(binary) == 0 || binary[0]&0x80 == 0 {
		return false
	}
	tag := binary[0] & 0x3f
	if binary[0]&0x40 == 0 {
		tag >>= 2
	}
	return tag == secretKey || tag == secretSubkey
}

func hasPrivateKey(e *openpgp.Entity) bool {
	return e.PrivateKey != nil || slices.ContainsFunc(e.Subkeys, func(s openpgp.Subkey) bool { return s.PrivateKey != nil })
}

// encryptionSubkeys returns the subkeys for encryption, expired ones included.
func encryptionSubkeys(e *openpgp.Entity) []openpgp.Subkey {
	var found []openpgp.Subkey
	for _, s := range e.Subkeys {
		if s.Sig.FlagsValid && s.Sig.FlagEncryptCommunications && s.PublicKey.PubKeyAlgo.CanEncrypt() && !s.Revoked(time.Now()) {
			found = append(found, s)
		}
	}
	return found
}

// checkPGPKey returns why nothing can be encrypted to the key now, if that is so.
func checkPGPKey(e *openpgp.Entity, now time.Time) error {
	name := fingerprint(e.PrimaryKey)
	signature, identity := e.PrimarySelfSignature()
	switch key, valid := e.EncryptionKey(now); {
	case valid:
		return checkPGPStrength(name, key.PublicKey)
	case e.Revoked(now) || identity != nil && identity.Revoked(now):
		return fmt.Errorf("the PGP key %s is revoked: give another one", name)
	case signature == nil:
		return fmt.Errorf("the PGP key %s has no user ID that it has signed: %s", name, howToExportPGP)
	case len(encryptionSubkeys(e)) == 0 && (!signature.FlagEncryptCommunications || !e.PrimaryKey.PubKeyAlgo.CanEncrypt()):
		return fmt.Errorf(
			"the PGP key %s has no subkey for encryption, or only a revoked one: add one and give the key again, or give another one",
			name,
		)
	default:
		return &ExpiredError{name}
	}
}

// checkPGPStrength rejects keys that SSH and gpg reject by default.
func checkPGPStrength(name string, key *packet.PublicKey) error {
	bits, err := key.BitLength()
	switch {
	case key.PubKeyAlgo == packet.PubKeyAlgoElGamal:
		return fmt.Errorf(
			"the PGP key %s encrypts with ElGamal, which is outdated: give one of Curve25519, or of RSA with at least 2048 bits",
			name,
		)
	case err == nil && key.PubKeyAlgo == packet.PubKeyAlgoRSA && bits < 2048:
		return fmt.Errorf("the PGP key %s is an RSA key of %d bits, which is too weak: give one of at least 2048 bits", name, bits)
	}
	return nil
}

func fingerprint(key *packet.PublicKey) string { return fmt.Sprintf("%X", key.Fingerprint) }
