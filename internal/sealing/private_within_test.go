package sealing

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// A private key is one wherever it is: in the primary key or in a subkey alone.
func TestHasPrivateKey(t *testing.T) {
	private := &packet.PrivateKey{}
	for name, test := range map[string]struct {
		entity openpgp.Entity
		want   bool
	}{
		"none":        {openpgp.Entity{Subkeys: []openpgp.Subkey{{}}}, false},
		"primary key": {openpgp.Entity{PrivateKey: private}, true},
		"subkey":      {openpgp.Entity{Subkeys: []openpgp.Subkey{{}, {PrivateKey: private}}}, true},
	} {
		if got := hasPrivateKey(&test.entity); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// Bytes that are no packet are no private key, whatever their tag would be.
func TestNoPacketIsNoPrivateKey(t *testing.T) {
	for _, binary := range []string{"", "\x14\x00\x00", "\x05"} {
		if beginsWithSecretKey([]byte(binary)) {
			t.Errorf("%q counts as one", binary)
		}
	}
	if !beginsWithSecretKey([]byte("\x94")) || !beginsWithSecretKey([]byte("\xc5")) || !beginsWithSecretKey([]byte("\xc7")) {
		t.Error("the first byte of a private key is not known")
	}
	_, err := ParsePGPKey(base64.StdEncoding.EncodeToString([]byte("\x14\x00\x00")))
	if err == nil || strings.Contains(err.Error(), "private") {
		t.Errorf("got %v", err)
	}
}
