package canary_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/sealing"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// encrypted is a configuration whose secrets are encrypted. One of the recipients
// decrypts them with an ephemeral identity.
const encrypted = `
variable "trigger" {}

variable "encrypt_to" {
  type = object({
    github_public_key = optional(string)
    age_recipients    = optional(list(string))
    pgp_key           = optional(string)
  })
}

variable "identity" {
  ephemeral = true
}

resource "cloudfleet_api_token" "ci" {
  name             = "ci"
  role             = "User"
  rotation_trigger = var.trigger
  verify_secret    = true
  encrypt_to       = var.encrypt_to
}

resource "cloudfleet_rotating_api_token" "ci" {
  name             = "rotating"
  role             = "User"
  rotation_trigger = var.trigger
  verify_secret    = true
  encrypt_to       = var.encrypt_to
}

resource "terraform_data" "reader" {
  triggers_replace = [cloudfleet_api_token.ci.encrypted_secrets, cloudfleet_rotating_api_token.ci.encrypted_secrets]
  provisioner "local-exec" {
    command = "echo $ONE $OTHER"
    environment = {
      ONE   = try(provider::cloudfleet::age_decrypt(cloudfleet_api_token.ci.encrypted_secrets.age, var.identity), "not for age")
      OTHER = try(provider::cloudfleet::age_decrypt(cloudfleet_rotating_api_token.ci.encrypted_secrets.age, var.identity), "not for age")
    }
  }
}
`

// With encrypt_to, a secret is nowhere, for all recipients and failures, not even in a
// state or plan. The same applies to the identity that decrypts it.
func TestAccNoEncryptedSecretShows(t *testing.T) {
	t.Parallel()
	s := newSession(t, acctest.NewProcesses(t, acctest.Ephemerals), encrypted)
	s.encrypted = true
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	toAge := fmt.Sprintf(`{age_recipients = [%q]}`, identity.Recipient())
	toGitHub := `{github_public_key = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="}`
	toPGP := fmt.Sprintf(`{pgp_key = %q}`, tokentest.PGPPublicKey(t, time.Now(), 0))
	s.folder.Env = append(s.folder.Env, "TF_VAR_identity="+identity.String())
	set := func(trigger, encryptTo string) {
		s.folder.Env = append(s.folder.Env, "TF_VAR_trigger="+trigger, "TF_VAR_encrypt_to="+encryptTo)
	}

	set("a", toAge)
	s.run("3 to add", "plan", "-out=plan")
	s.run("cloudfleet_rotating_api_token.ci will be created", "show", "plan")
	s.run("Apply complete! Resources: 3 added", "apply", "plan")
	for _, one := range s.state() {
		secret, err := sealing.DecryptAge(one.EncryptedSecrets.Age, identity.String())
		if err != nil || !s.cloud.Accepts(one.ID+one.TokenID, secret) {
			t.Errorf("%v: read %q, %v", one, secret, err)
		}
	}
	s.run("encrypted_secret", "show", "-json")

	set("b", toAge)
	s.run(`"type":"planned_change"`, "plan", "-json")
	s.cloud.Intercept(failing("POST /v1/tokens"))
	s.run("Could not create", "apply", "-auto-approve")
	s.cloud.Intercept(nil)
	s.run("Apply complete!", "apply", "-auto-approve")
	set("c", toAge)
	s.cloud.Intercept(failing("/regenerate"))
	s.run("The old secret may be revoked already", "apply", "-auto-approve")
	s.run("The old secret may be revoked already", "apply", "-auto-approve", "-json")
	set("c", toGitHub)
	s.run("The old secret may be revoked already", "apply", "-auto-approve")
	s.cloud.Intercept(nil)
	s.run("1 added, 2 changed", "apply", "-auto-approve")
	set("c", toPGP)
	s.run("2 to change", "plan", "-out=plan")
	s.run(`"type":"apply_complete"`, "apply", "-json", "plan")
	set("c", `{pgp_key = "nothing"}`)
	s.run("Invalid encrypt_to.pgp_key", "apply", "-auto-approve")

	one, two := "cloudfleet_api_token.ci", "cloudfleet_rotating_api_token.ci"
	ids := map[string]string{}
	for address, at := range s.state() {
		ids[address] = at.ID
		if at.TokenID != "" {
			ids[address] = at.TokenID + "," + at.PreviousTokenID
		}
	}
	set("d", toAge)
	s.run("Successfully removed 2", "state", "rm", one, two)
	s.run("Import successful", "import", one, ids[one])
	s.run("Import successful", "import", two, ids[two])
	s.run("1 added, 2 changed", "apply", "-auto-approve")
	s.cloud.Intercept(failing("DELETE /v1/tokens/" + ids[one]))
	s.run("Could not delete", "destroy", "-auto-approve")
	s.cloud.Intercept(nil)
	s.run("destroyed", "destroy", "-auto-approve")

	if n := len(s.cloud.Secrets()); n < 14 {
		t.Errorf("only %d secrets to look for", n)
	}
	s.check(identity.String())
}

// saved has the attributes of a resource that a test reads.
type saved struct {
	ID               string `json:"id"`
	TokenID          string `json:"token_id"`
	PreviousTokenID  string `json:"previous_token_id"`
	EncryptedSecrets struct {
		Age string `json:"age"`
	} `json:"encrypted_secrets"`
}

// state returns the provider's resources in the state, by address.
func (s *session) state() map[string]saved {
	s.t.Helper()
	content, err := os.ReadFile(filepath.Join(s.folder.Dir, "terraform.tfstate"))
	if err != nil {
		s.t.Fatal(err)
	}
	var file struct {
		Resources []struct {
			Type, Name string
			Instances  []struct{ Attributes saved }
		}
	}
	if err := json.Unmarshal(content, &file); err != nil {
		s.t.Fatal(err)
	}
	all := map[string]saved{}
	for _, r := range file.Resources {
		if r.Type != "terraform_data" {
			all[r.Type+"."+r.Name] = r.Instances[0].Attributes
		}
	}
	return all
}
