package tokenkit

import (
	"bytes"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/secret"
)

// Only a date that can be that of the issue is stored. One of the future is reported,
// because the days of a schedule count from it.
func TestIssuedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		for name, test := range map[string]struct {
			updated, want time.Time
			warns         bool
		}{
			"no date":                {time.Time{}, now, false},
			"clock behind":           {now.Add(-time.Hour), now.Add(-time.Hour), false},
			"clock ahead":            {now.Add(time.Hour), now.Add(time.Hour), false},
			"date of the last issue": {now.AddDate(0, 0, -30), now, false},
			"a date of the future":   {now.AddDate(70, 0, 0), now, true},
			"the last year":          {time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), now, true},
		} {
			m, memory := NewModel(), Memory{}
			m.RotateAfterDays = types.NumberValue(big.NewFloat(30))
			diags := m.Issued(&memory, cloudfleet.Token{ID: "x", Secret: "cf_secret_x", UpdatedAt: test.updated}, nil, false)
			due := Timestamp(test.want.AddDate(0, 0, 30))
			if m.SecretIssuedAt != Timestamp(test.want) || m.RotationDue != due || len(diags) > 0 != test.warns {
				t.Errorf("%s: issued at %s, due at %s. %v", name, m.SecretIssuedAt, m.RotationDue, diags)
			}
		}
	})
}

// If the encryption fails after the secret was issued, the secret is lost, and not stored
// in plain text.
func TestSecretThatCannotBeEncryptedIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		entity, err := openpgp.NewEntity("Me", "", "me@example.org", &packet.Config{
			Algorithm: packet.PubKeyAlgoEdDSA, Time: time.Now, KeyLifetimeSecs: 3600,
		})
		if err != nil {
			t.Fatal(err)
		}
		var key bytes.Buffer
		if err := entity.Serialize(&key); err != nil {
			t.Fatal(err)
		}
		encryptTo := types.ObjectValueMust(secret.NoRecipients().AttributeTypes(t.Context()), map[string]attr.Value{
			"github_public_key": types.StringNull(), "age_recipients": types.ListNull(types.StringType),
			"pgp_key": types.StringValue(base64.StdEncoding.EncodeToString(key.Bytes())),
		})
		recipients, diags := secret.Parse(t.Context(), encryptTo)
		if diags.HasError() {
			t.Fatal(diags)
		}
		time.Sleep(2 * time.Hour) // the key expires
		m := NewModel()
		diags = m.Issued(&Memory{}, cloudfleet.Token{ID: "x", Secret: "cf_secret_x"}, recipients, false)
		if !m.IsNull() || !diags.HasError() || strings.Contains(diags[0].Detail(), "cf_secret") {
			t.Errorf("got %v, %v", m.Stored, diags)
		}
		// All else is for the state, as with any secret.
		if m.SecretVersion.ValueInt64() == 0 || m.SecretIssuedAt.IsNull() {
			t.Errorf("version %s, issued at %s", m.SecretVersion, m.SecretIssuedAt)
		}
	})
}
