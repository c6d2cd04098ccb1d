package tokenkit_test

import (
	"crypto/rand"
	"encoding/base64"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/nacl/box"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/sealing"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// recipients are a repository at GitHub and the owner of an age key.
type recipients struct {
	public, private *[32]byte
	recipient, key  string
}

func newRecipients(t *testing.T) recipients {
	t.Helper()
	public, private, err := box.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key := tokentest.AgeIdentity(t)
	return recipients{public, private, key.Recipient().String(), key.String()}
}

func (r recipients) github() string { return base64.StdEncoding.EncodeToString(r.public[:]) }

// both is a configuration with both as recipients.
func (r recipients) both(more map[string]any) map[string]any {
	encryptTo := map[string]any{"github_public_key": r.github(), "age_recipients": []any{r.recipient}}
	maps.Copy(encryptTo, more)
	return map[string]any{"name": "ci", "role": "User", "encrypt_to": encryptTo}
}

// openGitHub and openAge decrypt what is for one of them.
func (r recipients) openGitHub(ciphertext any) string {
	text, _ := ciphertext.(string)
	sealed, _ := base64.StdEncoding.DecodeString(text)
	plaintext, _ := box.OpenAnonymous(nil, sealed, r.public, r.private)
	return string(plaintext)
}

func (r recipients) openAge(t *testing.T, ciphertext any) string {
	t.Helper()
	text, _ := ciphertext.(string)
	plaintext, err := sealing.DecryptAge(text, r.key)
	if err != nil {
		t.Error(err)
	}
	return plaintext
}

// idOf is the ID of the token that secret belongs to.
func (s scheduled) idOf() string { return s.Text("id") + s.Text("token_id") }

// Each kind of recipients has a ciphertext of the same secret, and it is nowhere else.
func TestRecipientsOfSeveralKinds(t *testing.T) {
	eachResource(t, mockserver.Options{}, func(t *testing.T, s scheduled) {
		r := newRecipients(t)
		both := r.both(nil)
		unknown := map[string]any{"github": protocoltest.Unknown, "age": protocoltest.Unknown, "pgp": nil}
		planned, diags := s.Plan(t.Context(), both)
		if len(diags) > 0 || planned["secret"] != nil ||
			!reflect.DeepEqual(planned["encrypted_secrets"], unknown) {
			t.Errorf("the plan is %v: %s", planned, diags)
		}
		s.apply(both)
		secrets, _ := s.State()["encrypted_secrets"].(map[string]any)
		secret := r.openAge(t, secrets["age"])
		if !s.cloud.Accepts(s.idOf(), secret) || r.openGitHub(secrets["github"]) != secret || secrets["pgp"] != nil ||
			strings.Contains(s.Saved(), secret) {
			t.Errorf("the secret is %q, and saved is %s", secret, s.Saved())
		}

		both["rotation_trigger"] = "a"
		if writes := s.apply(both); len(writes) > 0 {
			t.Errorf("the trigger is new, and it sent %v", writes)
		}
		both["rotation_trigger"] = "b"
		if planned, rotates := s.plan(both); rotates || !reflect.DeepEqual(planned["encrypted_secrets"], unknown) {
			t.Errorf("the plan of a rotation is %v", planned)
		}
		before := s.State()["encrypted_secrets"]
		s.apply(both)
		if previous, rotating := s.State()["previous_encrypted_secrets"]; rotating && !reflect.DeepEqual(previous, before) {
			t.Errorf("previous is %v, and before was %v", previous, before)
		}

		both["encrypt_to"] = map[string]any{"age_recipients": []any{r.recipient}}
		if writes := s.apply(both); len(writes) == 0 {
			t.Errorf("with one kind it sent %v, and the state is %v", writes, s.State())
		}
		secrets, _ = s.State()["encrypted_secrets"].(map[string]any)
		if secret := r.openAge(t, secrets["age"]); !s.cloud.Accepts(s.idOf(), secret) || secrets["github"] != nil {
			t.Errorf("the secret is %q of %v", secret, secrets)
		}
	})
}

// The plan of the secret, for each part of encrypt_to that may be unknown.
func TestRecipientsThatAreNotKnownYet(t *testing.T) {
	eachResource(t, mockserver.Options{}, func(t *testing.T, s scheduled) {
		r := newRecipients(t)
		unknown := protocoltest.Unknown
		for name, test := range map[string]struct {
			github, age, pgp any
			want             map[string]any
		}{
			"the only one":       {nil, unknown, nil, map[string]any{"github": nil, "age": unknown, "pgp": nil}},
			"an element":         {nil, []any{r.recipient, unknown}, nil, map[string]any{"github": nil, "age": unknown, "pgp": nil}},
			"the second":         {r.github(), nil, unknown, map[string]any{"github": unknown, "age": nil, "pgp": unknown}},
			"the third":          {r.github(), []any{r.recipient}, unknown, map[string]any{"github": unknown, "age": unknown, "pgp": unknown}},
			"two, and no others": {unknown, unknown, nil, map[string]any{"github": unknown, "age": unknown, "pgp": nil}},
		} {
			planned, diags := s.Plan(t.Context(), r.both(map[string]any{
				"github_public_key": test.github, "age_recipients": test.age, "pgp_key": test.pgp,
			}))
			if len(diags) > 0 || planned["secret"] != nil || !reflect.DeepEqual(planned["encrypted_secrets"], test.want) {
				t.Errorf("%s: the plan is %v: %s", name, planned, diags)
			}
		}
	})
}

// A second kind of recipients needs a new secret, because the present one is not known.
// An error in one kind does not hide one in another.
func TestSecondKindOfRecipients(t *testing.T) {
	eachResource(t, mockserver.Options{}, func(t *testing.T, s scheduled) {
		r := newRecipients(t)
		s.apply(r.both(map[string]any{"age_recipients": nil}))
		if writes := s.apply(r.both(nil)); len(writes) != 1 {
			t.Errorf("it sent %v", writes)
		}
		for _, wrong := range []any{"x", protocoltest.Unknown} {
			_, diags := s.Plan(t.Context(), r.both(map[string]any{"age_recipients": []any{"age1x"}, "pgp_key": wrong}))
			if !diags.HasError() || !strings.Contains(diags.String(), "age_recipients") {
				t.Errorf("with a PGP key %v: %s", wrong, diags)
			}
		}
	})
}

// A key that has expired is an error of the plan that would encrypt to it, for a rotation
// and for a secret that is taken over.
func TestExpiredKeyFailsThePlan(t *testing.T) {
	eachResource(t, mockserver.Options{}, func(t *testing.T, s scheduled) {
		config := map[string]any{"name": "ci", "role": "User", "rotation_trigger": "a"}
		s.apply(config)
		config["encrypt_to"] = map[string]any{"pgp_key": tokentest.PGPPublicKey(t, time.Now().Add(-48*time.Hour), 24*time.Hour)}
		for name, change := range map[string]map[string]any{
			"rotation": {"rotation_trigger": "b"}, "adoption": {"secret_wo": s.Text("secret"), "secret_wo_version": 1},
		} {
			changed := maps.Clone(config)
			maps.Copy(changed, change)
			if _, diags := s.Plan(t.Context(), changed); !diags.HasError() || !strings.Contains(diags.String(), "expired") {
				t.Errorf("%s: the plan says %s", name, diags)
			}
		}
	})
}

// An outage during an import is no answer about the token.
func TestImportInAnOutage(t *testing.T) {
	eachResource(t, mockserver.Options{}, func(t *testing.T, s scheduled) {
		s.apply(map[string]any{"name": "ci", "role": "User"})
		s.cloud.Intercept(func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
		})
		diags := s.Import(t.Context(), s.idOf())
		if text := diags.String(); !strings.Contains(text, "503") || strings.Contains(text, "no token with this ID") ||
			strings.Contains(text, "non-existent") {
			t.Errorf("the import says %s", diags)
		}
	})
}

// The API's spelling is told once for each refresh, for one token and for two.
func TestSpellingIsToldOnce(t *testing.T) {
	eachResource(t, mockserver.Options{}, func(t *testing.T, s scheduled) {
		s.cloud.Intercept(tokentest.Rewrite(func(_ *http.Request, body map[string]any) {
			if name, ok := body["name"].(string); ok && name == "CI" {
				body["name"] = "ci"
			}
		}))
		for _, trigger := range []string{"a", "b"} {
			config := map[string]any{"name": "CI", "role": "User", "rotation_trigger": trigger}
			if diags := s.Apply(t.Context(), config); diags.HasError() {
				t.Fatal(diags)
			}
			if diags := s.Refresh(t.Context()); len(diags) != 1 || !strings.Contains(diags.String(), "stored another name") {
				t.Errorf("after %s the refresh says %s", trigger, diags)
			}
		}
	})
}
