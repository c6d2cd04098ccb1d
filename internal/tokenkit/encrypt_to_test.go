package tokenkit

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/sealing"
)

// If the encryption fails after the secret was issued, the secret is lost, and not stored
// in plain text.
func TestSecretThatCannotBeEncryptedIsNotKept(t *testing.T) {
	longAgo := time.Now().Add(-48 * time.Hour)
	entity, err := openpgp.NewEntity("Me", "", "me@example.org", &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return longAgo }, KeyLifetimeSecs: 3600,
	})
	if err != nil {
		t.Fatal(err)
	}
	var key bytes.Buffer
	if err := entity.Serialize(&key); err != nil {
		t.Fatal(err)
	}
	expired, err := sealing.ParsePGPKey(base64.StdEncoding.EncodeToString(key.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	stored, diags := encryptSecret(cloudfleet.Token{ID: "x", Secret: "cf_secret_x"}, Recipients{{kindPGP, expired}})
	if !stored.IsNull() || !diags.HasError() || strings.Contains(diags[0].Detail(), "cf_secret") {
		t.Errorf("got %v, %v", stored, diags)
	}
}
