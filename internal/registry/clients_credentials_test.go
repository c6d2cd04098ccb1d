package registry_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// Clients log in with the credentials of cloudfleet_registry_credentials: in a pipeline
// an Administrator token, on a developer's machine the User token of a credential helper.
func TestClientsWithRegistryCredentials(t *testing.T) {
	terraform := acctest.NewProcesses(t, acctest.Ephemerals)
	cloud := acctest.Start(t, mockserver.Options{})
	now := issued{
		Hosts: []string{cloud.OrganizationID + ".europe." + cloud.RegistryDomain, strings.TrimPrefix(cloud.URL, "http://")},
		Logins: map[string]account{
			"pipeline": {cloud.TokenID, cloud.TokenSecret}, "developer": issueToken(t, cloud, "developer", cloudfleet.RoleUser),
		},
	}
	now.pushImage(t, cloud)
	// Both runs have the helper, and only the one without an access token may call it.
	helper := t.TempDir()
	if err := os.WriteFile(
		filepath.Join(helper, "docker-credential-cloudfleet"),
		[]byte(credentialHelper(now.Hosts[0], now.Logins["developer"])),
		0o700,
	); err != nil {
		t.Fatal(err)
	}
	dirs := map[string]string{}
	for who := range now.Logins {
		folder := terraform.Folder(t, cloud, writesDockerConfigs(cloud, now))
		folder.Env = append(folder.Env, "PATH="+helper+string(os.PathListSeparator)+os.Getenv("PATH"))
		if who == "developer" {
			folder.Env = slices.DeleteFunc(folder.Env, func(entry string) bool { return strings.HasPrefix(entry, "CLOUDFLEET_ACCESS_TOKEN_") })
		}
		if _, err := folder.Run(t.Context(), "apply", "-auto-approve", "-no-color"); err != nil {
			t.Fatal(err)
		}
		dirs[who] = folder.Dir
	}
	m := prepare(t)
	err := each(t, "cloudfleet_registry_credentials", func(t *testing.T, c client) {
		with := func(who string) session {
			s := newSession(t, c, cloud, now, m, who)
			name := "host.json"
			if c.address {
				name = "address.json"
			}
			config, err := os.ReadFile(filepath.Join(dirs[who], name))
			if err != nil {
				t.Fatal(err)
			}
			s.configure(t, string(config))
			return s
		}
		pipeline, developer := with("pipeline"), with("developer")
		pipeline.check(t, "pushes with the access token", works, c.push)
		pipeline.check(t, "pulls with the access token", works, c.pull)
		developer.check(t, "pulls with the credential helper", works, c.pull)
		developer.check(t, "may not push with the credential helper", isRefused, c.push)
	})
	if err != nil {
		t.Error(err)
	}
}

// writesDockerConfigs is a configuration that writes a client's config.json: for the
// registry's host name, and for its plain address, which docker uses.
func writesDockerConfigs(cloud *acctest.Cloud, i issued) string {
	return fmt.Sprintf(`
provider "cloudfleet" {
  registry_domain = %q
}

ephemeral "cloudfleet_registry_credentials" "this" {}

resource "terraform_data" "client" {
  provisioner "local-exec" {
    command = "echo \"$HOST_JSON\" >host.json && echo \"$ADDRESS_JSON\" >address.json"
    environment = {
      HOST_JSON    = ephemeral.cloudfleet_registry_credentials.this.docker_config_json
      ADDRESS_JSON = provider::cloudfleet::docker_config_json(
        %q,
        ephemeral.cloudfleet_registry_credentials.this.username,
        ephemeral.cloudfleet_registry_credentials.this.password,
      )
    }
  }
}
`, cloud.RegistryDomain, i.Hosts[1])
}

func issueToken(t *testing.T, cloud *acctest.Cloud, name string, role cloudfleet.Role) account {
	t.Helper()
	api, err := cloudfleet.New(cloudfleet.Options{
		Endpoint: cloud.Endpoint, AccessTokenID: cloud.TokenID, AccessTokenSecret: cloud.TokenSecret, RequestTimeout: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := api.CreateToken(t.Context(), cloudfleet.TokenSettings{Name: name, Role: role})
	if err != nil {
		t.Fatal(err)
	}
	return account{token.ID, token.Secret}
}
