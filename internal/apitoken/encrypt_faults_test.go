package apitoken_test

import (
	"fmt"
	"testing"

	"filippo.io/age"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/sealing"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/canary"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// Whenever a change fails, an encrypted secret is in no state, message or log, and the
// next apply issues one that its recipient can read.
func TestEncryptedSecretStaysSo(t *testing.T) {
	t.Parallel()
	one, two := ageIdentity(t), ageIdentity(t)
	config := func(trigger string, to *age.X25519Identity) map[string]any {
		c := arguments("ci", trigger)
		c["encrypt_to"] = map[string]any{"age_recipients": []any{to.Recipient().String()}}
		return c
	}
	for name, change := range map[string]struct {
		// triggers are applied before, in this order.
		triggers []string
		goal     map[string]any
		reader   *age.X25519Identity
	}{
		"create":           {nil, config("a", one), one},
		"first rotation":   {[]string{"a"}, config("b", one), one},
		"rotation":         {[]string{"a", "b"}, config("c", one), one},
		"other recipients": {[]string{"a", "b"}, config("b", two), two},
	} {
		for _, typeName := range []string{"cloudfleet_api_token", "cloudfleet_rotating_api_token"} {
			for _, f := range breakages() {
				t.Run(fmt.Sprintf("%s/%s/%s", name, typeName, f.Name), func(t *testing.T) {
					t.Parallel()
					ctx, log := protocoltest.Logged(t.Context())
					cloud := acctest.Start(t, mockserver.Options{})
					token := protocoltest.Start(t, cloud, nil).Resource(typeName)
					var shown []any
					for _, trigger := range change.triggers {
						shown = append(shown, token.Apply(ctx, config(trigger, one)), token.Saved())
					}
					breakWrite(cloud, 0, f.Does)
					told := token.Apply(ctx, change.goal)
					if !told.HasError() {
						t.Error("it broke, and that was no error")
					}
					cloud.Intercept(nil)
					shown = append(shown, told, token.Saved(), token.Refresh(ctx), token.Apply(ctx, change.goal), token.Saved())

					secret, err := sealing.DecryptAge(tokentest.Ciphertext(token.State(), "age"), change.reader.String())
					if err != nil || !cloud.Accepts(token.Text("id")+token.Text("token_id"), secret) {
						t.Errorf("read %q, %v", secret, err)
					}
					canary.New(cloud.Secrets()...).Check(t, "the protocol", fmt.Sprint(shown...)+log.String())
				})
			}
		}
	}
}
