package sealing

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/nacl/box"
)

const githubKeySource = "give the attribute `key` of the data source github_actions_public_key"

// ParseGitHubPublicKey parses the public key of a GitHub repository, environment or
// organization: 32 bytes of X25519, in base64. Seal returns a sealed box of libsodium in
// base64, which GitHub calls an encrypted value.
func ParseGitHubPublicKey(key string) (*Recipients, error) {
	if err := refusePrivateKey(key); err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(key))
	if err != nil {
		return nil, errors.New("the key is not in base64: " + githubKeySource)
	}
	var public [32]byte
	if copy(public[:], raw); len(raw) != len(public) {
		return nil, fmt.Errorf("the key has %d bytes, but a public key of GitHub has %d: %s", len(raw), len(public), githubKeySource)
	}
	if err := refuseLowOrder(public[:]); err != nil {
		return nil, err
	}
	return newRecipients("github "+base64.StdEncoding.EncodeToString(raw), func(plaintext string) (string, error) {
		sealed, err := box.SealAnonymous(nil, []byte(plaintext), &public, rand.Reader)
		return base64.StdEncoding.EncodeToString(sealed), err
	})
}

// refuseLowOrder reports keys whose boxes anyone can open, such as one of zeros. Package
// box accepts them.
func refuseLowOrder(public []byte) error {
	peer, err := ecdh.X25519().NewPublicKey(public)
	if err != nil {
		return err
	}
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	if _, err := private.ECDH(peer); err != nil {
		return errors.New(
			"anyone could read what is encrypted to this key, which is of low order, such as one that is all zero: " + githubKeySource,
		)
	}
	return nil
}
