// Package tokentest has what the tests of the token resources share: configurations,
// calls of the API by other clients, and faults.
package tokentest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

// Address is the address of Token's resource.
const Address = "cloudfleet_api_token.ci"

// RotatingAddress is the address of Rotating's resource.
const RotatingAddress = "cloudfleet_rotating_api_token.ci"

// Token is a configuration of one token; arguments are lines of HCL.
func Token(name, role string, arguments ...string) string {
	return fmt.Sprintf("resource \"cloudfleet_api_token\" \"ci\" {\n  name = %q\n  role = %q\n  %s\n}\n",
		name, role, strings.Join(arguments, "\n  "))
}

// Arguments are those of a User token, for the protocol harness.
func Arguments(name, trigger string) map[string]any {
	return map[string]any{"name": name, "role": "User", "rotation_trigger": trigger}
}

// Rotating is a configuration of one rotating token; arguments are lines of HCL.
func Rotating(name, role string, arguments ...string) string {
	return strings.Replace(Token(name, role, arguments...), "cloudfleet_api_token", "cloudfleet_rotating_api_token", 1)
}

// Trigger is a line of HCL.
func Trigger(value string) string { return fmt.Sprintf("rotation_trigger = %q", value) }

// Attribute is the path of an attribute.
func Attribute(name string) tfjsonpath.Path { return tfjsonpath.New(name) }

// Late is a trigger that is known only after apply when it changes: a new value of input,
// or only of replace, which does not change the value.
func Late(input, replace string) string {
	return fmt.Sprintf("resource \"terraform_data\" \"late\" {\n  input = %q\n  triggers_replace = %q\n}\n", input, replace) +
		Token("ci", "User", "rotation_trigger = terraform_data.late.output")
}

// AgeList is a value of encrypt_to.
func AgeList(keys ...string) string {
	return fmt.Sprintf(`{ age_recipients = ["%s"] }`, strings.Join(keys, `", "`))
}

// Ciphertext returns the secret in a state for recipients of this kind: github, age or pgp.
func Ciphertext(state map[string]any, kind string) string {
	secrets, _ := state["encrypted_secrets"].(map[string]any)
	text, _ := secrets[kind].(string)
	return text
}

// AgeIdentity returns a new identity of age.
func AgeIdentity(t *testing.T) *age.X25519Identity {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

// PGPPublicKey is a key in base64 that expires after lifetime, or never if that is 0.
func PGPPublicKey(t *testing.T, created time.Time, lifetime time.Duration) string {
	t.Helper()
	entity, err := openpgp.NewEntity("Me", "", "me@example.org", &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return created }, KeyLifetimeSecs: uint32(lifetime.Seconds()),
	})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := entity.Serialize(&out); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(out.Bytes())
}

// created matches the date in a display name.
var created = regexp.MustCompile(`, created \d{4}-\d\d-\d\d`)

// WithoutDate returns a display name without the date of the creation, which it must
// have.
func WithoutDate(displayName string) string {
	if !created.MatchString(displayName) {
		return "without a date: " + displayName
	}
	return created.ReplaceAllString(displayName, "")
}

// Message matches a text in an error, wherever the CLI breaks its lines.
func Message(text string) *regexp.Regexp {
	words := strings.Fields(text)
	for i := range words {
		words[i] = regexp.QuoteMeta(words[i])
	}
	return regexp.MustCompile(strings.Join(words, `[\s│]+`))
}

// Forms of a token's values.
var (
	TokenID   = knownvalue.StringRegexp(regexp.MustCompile(`^[1-9A-HJ-NP-Za-km-z]{22}$`))
	Secret    = knownvalue.StringRegexp(regexp.MustCompile(`^cf_secret_[0-9A-Za-z]{32}$`))
	Timestamp = knownvalue.StringRegexp(regexp.MustCompile(`^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$`))
)

// Issued matches the version of a secret that was issued by the provider.
var Issued knownvalue.Check = issuedVersion{}

type issuedVersion struct{}

// CheckValue implements knownvalue.Check.
func (issuedVersion) CheckValue(value any) error {
	number, _ := value.(json.Number)
	if version, err := number.Int64(); err != nil || version < 1_700_000_000 {
		return fmt.Errorf("%v is not the version of an issued secret", value)
	}
	return nil
}

func (issuedVersion) String() string { return "the version of an issued secret" }
