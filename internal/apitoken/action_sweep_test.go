package apitoken_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

func TestSweep(t *testing.T) {
	t.Parallel()
	until := func(d time.Duration) string {
		return " (ephemeral until " + time.Now().Add(d).UTC().Format(time.RFC3339) + ")"
	}
	expired, running, lately := until(-time.Hour), until(time.Hour), until(-time.Minute)
	all := []string{"push" + expired, "pull" + expired, "push" + running, "push" + lately, "push", "push (ephemeral until tomorrow)"}
	for name, test := range map[string]struct {
		config map[string]any
		left   []string
		said   string
	}{
		"of all names":     {nil, all[2:], "Deleted 2 of 2"},
		"of one name":      {map[string]any{"name": "push"}, all[1:], "Deleted 1 of 1"},
		"of no such name":  {map[string]any{"name": "pus"}, all, "Deleted 0 of 0"},
		"of an empty name": {map[string]any{"name": ""}, all, "Deleted 0 of 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := acctest.Start(t, mockserver.Options{})
			issueNamed(t, cloud, all...)
			var said []string
			diags := protocoltest.Start(t, cloud, nil).Invoke(t.Context(), "cloudfleet_sweep_ephemeral_api_tokens", test.config,
				func(message string) { said = append(said, message) })
			var left []string
			for _, token := range cloud.Issued() {
				left = append(left, token.Name)
			}
			if len(diags) > 0 || !slices.Equal(left, test.left) || !strings.Contains(strings.Join(said, "\n"), test.said) {
				t.Errorf("left are %q. It says %q. %s", left, said, diags)
			}
		})
	}
}

// If one token cannot be deleted, the others are.
func TestSweepThatFails(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	expired := " (ephemeral until 2026-01-01T00:00:00Z)"
	issueNamed(t, cloud, "a"+expired, "b"+expired)
	tokentest.BreakWrite(cloud, 0, tokentest.Decline(http.StatusInternalServerError, "internal", nil))
	diags := protocoltest.Start(t, cloud, nil).Invoke(t.Context(), "cloudfleet_sweep_ephemeral_api_tokens", nil, func(string) {})
	if issued := cloud.Issued(); len(diags) != 1 || !strings.Contains(diags.String(), `Could not delete ephemeral API token "a`) ||
		len(issued) != 1 {
		t.Errorf("left are %v. %s", issued, diags)
	}
}

func TestCheckSecretAction(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	p := protocoltest.Start(t, cloud, nil)
	r := managed(t, p)
	cloud.ForgetRequests()
	for name, test := range map[string]struct {
		id, secret any
		want       string
	}{
		"the present one": {r.Text("id"), r.Text("secret"), ""},
		"a cut one":       {r.Text("id"), r.Text("secret")[:20], "Cloudfleet rejects the secret"},
		"that of another": {cloud.TokenID, r.Text("secret"), "Cloudfleet rejects the secret"},
		"of no token":     {"", r.Text("secret"), "Invalid id"},
		"null":            {nil, r.Text("secret"), "Invalid id"},
	} {
		said := ""
		diags := p.Invoke(t.Context(), "cloudfleet_check_api_token_secret", map[string]any{"id": test.id, "secret": test.secret},
			func(message string) { said += message })
		isAccepted := strings.Contains(said, "accepts")
		if diags.HasError() == (test.want == "") || !strings.Contains(diags.String(), test.want) || isAccepted != (test.want == "") {
			t.Errorf("%s: %s, %s", name, said, diags)
		}
		if strings.Contains(said+diags.String(), r.Text("secret")[10:20]) {
			t.Errorf("%s: it shows the secret: %s, %s", name, said, diags)
		}
	}
	if len(cloud.Writes()) > 0 {
		t.Errorf("it has sent %v", cloud.Writes())
	}
}

// The check runs after each change of the resource that receives the secret, here with
// the whole secret and with a part of it.
func TestAccCheckSecretTriggered(t *testing.T) {
	t.Parallel()
	acctest.Need(t, acctest.Actions)
	cloud := acctest.Start(t, mockserver.Options{})
	config := func(rotation, secret string) string {
		return cloud.ProviderBlock() + token("ci", "User", trigger(rotation)) + `
resource "terraform_data" "received" {
  input = cloudfleet_api_token.ci.secret_version
  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.cloudfleet_check_api_token_secret.received]
    }
  }
}

action "cloudfleet_check_api_token_secret" "received" {
  config {
    id     = cloudfleet_api_token.ci.id
    secret = ` + secret + `
  }
}
`
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories,
		CheckDestroy:             cloud.CheckDestroy,
		Steps: []resource.TestStep{
			{Config: config("a", "cloudfleet_api_token.ci.secret")},
			{Config: config("b", "cloudfleet_api_token.ci.secret")},
			{
				Config:      config("c", "substr(cloudfleet_api_token.ci.secret, 0, 20)"),
				ExpectError: message("Cloudfleet rejects the secret of API token"),
			},
		},
	})
}
