package sealing

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Tags of packets (RFC 9580, 5).
const (
	tagPublicSubkey  = 14
	tagUserID        = 13
	tagUserAttribute = 17
)

var errNoUserID = errors.New("this PGP key has no user ID, and gpg does not take it either: give it with one. " +
	"keys.openpgp.org leaves out what its owner has not confirmed")

// readTolerantly reads a key with broken user IDs, and leaves those out, as gpg does.
func readTolerantly(binary []byte) (openpgp.EntityList, error) {
	entities, err := openpgp.ReadKeyRing(bytes.NewReader(binary))
	if err == nil && len(entities) > 0 {
		return entities, nil
	}
	parts, userIDs := pgpParts(binary)
	if len(parts) > 0 && len(userIDs) == 0 {
		return nil, errNoUserID
	}
	var whole []int
	for _, one := range userIDs {
		if alone, err := openpgp.ReadKeyRing(bytes.NewReader(without(parts, userIDs, []int{one}))); err == nil && len(alone) == 1 {
			whole = append(whole, one)
		}
	}
	if len(whole) == 0 {
		return nil, err
	}
	return openpgp.ReadKeyRing(bytes.NewReader(without(parts, userIDs, whole)))
}

// pgpParts splits a key into the primary key, each user ID and each subkey, with the
// signatures that follow each, and returns which of them are user IDs.
func pgpParts(binary []byte) (parts [][]byte, userIDs []int) {
	reader := packet.NewOpaqueReader(bytes.NewReader(binary))
	for {
		p, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return parts, userIDs
		}
		if err != nil {
			return nil, nil
		}
		var out bytes.Buffer
		if err := p.Serialize(&out); err != nil {
			return nil, nil
		}
		begins := p.Tag == tagUserID || p.Tag == tagUserAttribute || p.Tag == tagPublicSubkey || len(parts) == 0
		if !begins {
			last := len(parts) - 1
			parts[last] = append(parts[last], out.Bytes()...)
			continue
		}
		if p.Tag == tagUserID {
			userIDs = append(userIDs, len(parts))
		}
		parts = append(parts, out.Bytes())
	}
}

// without joins the parts, with only those user IDs that are kept.
func without(parts [][]byte, userIDs, kept []int) []byte {
	var out []byte
	for i, part := range parts {
		if !slices.Contains(userIDs, i) || slices.Contains(kept, i) {
			out = append(out, part...)
		}
	}
	return out
}

// allowWhereNothingIsSaid allows a key without flags in its signature to encrypt if its
// algorithm can, as gpg does.
func allowWhereNothingIsSaid(e *openpgp.Entity) {
	allow := func(key *packet.PublicKey, signature *packet.Signature) *packet.Signature {
		if signature == nil || signature.FlagsValid || !key.PubKeyAlgo.CanEncrypt() {
			return signature
		}
		changed := *signature
		changed.FlagsValid, changed.FlagEncryptCommunications, changed.FlagSign, changed.FlagCertify = true, true, true, true
		return &changed
	}
	for i := range e.Subkeys {
		e.Subkeys[i].Sig = allow(e.Subkeys[i].PublicKey, e.Subkeys[i].Sig)
	}
	for _, identity := range e.Identities {
		identity.SelfSignature = allow(e.PrimaryKey, identity.SelfSignature)
	}
}

// withNewestSubkey returns the key with only the newest of its valid encryption subkeys,
// which gpg uses. The library would use the one that was signed last.
func withNewestSubkey(e *openpgp.Entity, now time.Time) *openpgp.Entity {
	var newest *openpgp.Subkey
	for _, s := range encryptionSubkeys(e) {
		valid := !s.PublicKey.KeyExpired(s.Sig, now) && !s.Sig.SigExpired(now)
		if valid && (newest == nil || s.PublicKey.CreationTime.After(newest.PublicKey.CreationTime)) {
			newest = &s
		}
	}
	if newest == nil {
		return e
	}
	only := *e
	only.Subkeys = []openpgp.Subkey{*newest}
	return &only
}
