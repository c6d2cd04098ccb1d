package registry_test

import (
	"errors"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// client is a program that users run with a registry. Words in braces in its commands are
// replaced, and it reads the password from its input.
type client struct {
	name string
	// install says how to install it.
	install string
	// address: docker without an engine trusts a registry without TLS only on a loopback
	// address.
	address bool
	// root: without root's rights, the machine must be prepared for it.
	root              bool
	login, push, pull []string
}

// buildahStore stores buildah's data in the folder of a session.
const buildahStore = "buildah --storage-driver vfs --root {out}/root --runroot {out}/run "

var clients = []client{
	{
		name: "docker", install: "docker's CLI, as docker.io in Debian; no engine is needed", address: true,
		login: []string{"docker login --username {user} --password-stdin {host}"},
		push: []string{
			"docker manifest create --insecure {host}/shop/checkout:{new} {host}/shop/checkout:v1",
			"docker manifest push --insecure {host}/shop/checkout:{new}",
		},
		pull: []string{"docker manifest inspect --insecure {host}/shop/checkout:v1"},
	},
	{
		name: "skopeo", install: "apt-get install skopeo",
		login: []string{"skopeo login --tls-verify=false --username {user} --password-stdin {host}"},
		push:  []string{"skopeo copy --insecure-policy --dest-tls-verify=false oci:{image}:v1 docker://{host}/shop/skopeo:{new}"},
		pull:  []string{"skopeo copy --insecure-policy --src-tls-verify=false docker://{host}/shop/checkout:v1 dir:{out}"},
	},
	{
		name: "buildah", install: "apt-get install buildah", root: true,
		login: []string{"buildah login --tls-verify=false --username {user} --password-stdin {host}"},
		// It builds without an engine.
		push: []string{
			buildahStore + "from --name {new} scratch",
			buildahStore + "copy {new} {chart}",
			buildahStore + "commit {new} localhost/checkout:{new}",
			buildahStore + "push --tls-verify=false localhost/checkout:{new} docker://{host}/shop/buildah:{new}",
		},
		pull: []string{buildahStore + "pull --tls-verify=false docker://{host}/shop/checkout:v1"},
	},
	{
		name: "crane", install: "make clients",
		login: []string{"crane auth login --username {user} --password-stdin {host}", "crane catalog {host}"},
		push:  []string{"crane push {image} {host}/shop/crane:{new}"},
		pull:  []string{"crane pull --format=oci {host}/shop/checkout:v1 {out}"},
	},
	{
		name: "helm", install: "make clients",
		login: []string{"helm registry login --plain-http --username {user} --password-stdin {host}"},
		push:  []string{"helm push --plain-http {chart} oci://{host}/charts"},
		pull:  []string{"helm pull --plain-http oci://{host}/charts/checkout --version 1.4.2 --destination {out}"},
	},
}

func TestClients(t *testing.T) {
	for challenge, options := range map[string]mockserver.Options{"Basic": {}, "Bearer": {RegistryBearer: true}} {
		t.Run(challenge, func(t *testing.T) {
			cloud := acctest.Start(t, options)
			m := prepare(t)
			var before, after issued
			cloud.Run(t,
				resource.TestStep{Config: tokens(cloud, 1), Check: func(s *terraform.State) error {
					before = issuedBy(t, s)
					before.pushImage(t, cloud)
					return each(t, "issued", func(t *testing.T, c client) { checkIssued(t, c, cloud, before, m) })
				}},
				resource.TestStep{Config: tokens(cloud, 2), Check: func(s *terraform.State) error {
					after = issuedBy(t, s)
					return each(t, "rotated", func(t *testing.T, c client) { checkRotated(t, c, cloud, before, after, m) })
				}},
			)
		})
	}
}

// each runs the checks of all clients at once.
func each(t *testing.T, stage string, checks func(*testing.T, client)) error {
	ok := t.Run(stage, func(t *testing.T) {
		for _, c := range clients {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				checks(t, c)
			})
		}
	})
	if !ok {
		return errors.New("a client failed: see above")
	}
	return nil
}

func checkIssued(t *testing.T, c client, cloud *acctest.Cloud, now issued, m material) {
	pipeline := newSession(t, c, cloud, now, m, "pipeline")
	pipeline.check(t, "logs in as Administrator", works, c.login)
	pipeline.check(t, "pushes as Administrator", works, c.push)
	deployer := newSession(t, c, cloud, now, m, "deployer")
	deployer.check(t, "logs in as User", works, c.login)
	deployer.check(t, "pulls as User", works, c.pull)
	deployer.check(t, "may not push as User", isRefused, c.push)

	configured := newSession(t, c, cloud, now, m, "deployer")
	configured.configure(t, "{}")
	configured.check(t, "may not pull without a login", isRefused, c.pull)
	configured.configure(t, now.DockerConfigJSON["deployer"][configured.host])
	configured.check(t, "pulls with docker_config_json", works, c.pull)
}

func checkRotated(t *testing.T, c client, cloud *acctest.Cloud, before, after issued, m material) {
	old := newSession(t, c, cloud, before, m, "pipeline")
	old.check(t, "may not log in with the old secret", isRefused, c.login)
	old.configure(t, before.DockerConfigJSON["pipeline"][old.host])
	old.check(t, "may not pull with the old secret", isRefused, c.pull)
	old.check(t, "may not push with the old secret", isRefused, c.push)
	renewed := newSession(t, c, cloud, after, m, "pipeline")
	renewed.check(t, "logs in with the new secret", works, c.login)
	renewed.check(t, "pushes with the new secret", works, c.push)
}
