package examples_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"golang.org/x/crypto/nacl/box"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/testimage"
)

var wholes = map[string]whole{
	"quickstart":     {secrets: []string{"cloudfleet_api_token", "output"}, use: quickstart},
	"github-actions": {variables: map[string]string{"owner": "shop", "repository": "checkout"}, use: githubActions},
	"gitlab": {
		variables: map[string]string{"project": "shop/checkout"},
		secrets:   []string{"cloudfleet_api_token", "gitlab_project_variable"},
		use:       gitlab,
	},
	"vault": {needs: acctest.WriteOnly, use: vault},
	"kubernetes-pull-secret": {
		needs:     acctest.WriteOnly,
		variables: map[string]string{"namespace": "shop"},
		secrets:   []string{"cloudfleet_rotating_api_token"},
		use:       kubernetesPullSecret,
	},
	"quarterly-rotation":   {variables: map[string]string{"repository": "checkout"}, use: quarterlyRotation},
	"token-per-team":       {use: tokenPerTeam},
	"emergency-revocation": {secrets: []string{"cloudfleet_api_token", "output"}, needs: acctest.Actions, use: emergencyRevocation},
	"adopt-tokens":         {needs: acctest.Queries, left: []string{"made-by-hand"}, use: adoptTokens},
	"helm-chart":           {needs: acctest.Ephemerals, use: helmChart},
	"base-images":          {use: baseImages},
	"central-release":      {use: centralRelease},
	"module-tests":         {needs: acctest.Mocks, variables: map[string]string{"team": "shop"}, use: moduleTests},
	"adopt-many": {
		needs:   acctest.WriteOnly,
		secrets: []string{"cloudfleet_api_token"},
		left:    []string{"made-by-hand"},
		use:     adoptMany,
	},
	"audit": {use: audit},
	"provider-token": {
		secrets: []string{"cloudfleet_rotating_api_token", "output"}, left: []string{"terraform"}, use: providerToken,
	},
	"opentofu-mirror": {needs: acctest.OCIMirrors, secrets: []string{"cloudfleet_api_token", "output"}, use: opentofuMirror},
}

// login is a user name and a password, as they were received.
type login struct{ Username, Password string }

// expectRotation applies an example, then changes its rotation and applies again. The
// login must be accepted each time, with the same user name, and the old one rejected
// after the rotation.
func (r *run) expectRotation(role cloudfleet.Role, arrived func() login, rotate func()) {
	r.Helper()
	r.apply()
	first := arrived()
	r.expectAccepted(first, role)
	rotate()
	r.apply()
	second := arrived()
	r.expectAccepted(second, role)
	if second.Username != first.Username {
		r.Errorf("the user name has changed from %s to %s", first.Username, second.Username)
	}
	if r.cloud.Accepts(first.Username, first.Password) {
		r.Error("the old secret is still accepted")
	}
}

func (r *run) expectAccepted(l login, role cloudfleet.Role) {
	r.Helper()
	if !r.cloud.Accepts(l.Username, l.Password) {
		r.Fatalf("the mock server does not accept the password of %s", l.Username)
	}
	for _, token := range r.cloud.Issued() {
		if token.ID == l.Username && token.Role != string(role) {
			r.Errorf("its role is %s", token.Role)
		}
	}
}

func (r *run) hostname() string { return r.cloud.OrganizationID + ".europe.registry.cloudfleet.dev" }

func (r *run) equal(what string, got, want any) {
	r.Helper()
	if got != want {
		r.Errorf("%s is %v, not %v", what, got, want)
	}
}

func (r *run) decode(text string, into any) {
	r.Helper()
	must(r.T, json.Unmarshal([]byte(text), into))
}

func quickstart(r *run) {
	r.expectRotation(cloudfleet.RoleAdministrator, func() (l login) {
		var deployer login
		r.output("deployer", &deployer)
		r.expectAccepted(deployer, cloudfleet.RoleUser)
		r.output("pipeline", &l)
		return l
	}, func() { r.set("rotation", "2026-Q2") })
}

// githubPassword decrypts the secret that GitHub received.
func (r *run) githubPassword() string {
	r.Helper()
	secret := r.github.given(r.T, "github_actions_secret", "secret_name", "REGISTRY_PASSWORD")
	r.equal("the key's ID", get[string](r.T, secret, path.Root("key_id")), githubKeyID)
	sealed, err := base64.StdEncoding.DecodeString(get[string](r.T, secret, path.Root("value_encrypted")))
	must(r.T, err)
	opened, ok := box.OpenAnonymous(nil, sealed, r.githubPublic, r.githubPrivate)
	if !ok {
		r.Fatal("GitHub cannot decrypt the secret")
	}
	return string(opened)
}

func githubActions(r *run) {
	r.expectRotation(cloudfleet.RoleAdministrator, func() login {
		variable := func(name string) string {
			return get[string](r.T, r.github.given(r.T, "github_actions_variable", "variable_name", name), path.Root("value"))
		}
		r.equal("the registry", variable("REGISTRY"), r.hostname())
		return login{variable("REGISTRY_USER"), r.githubPassword()}
	}, func() { r.set("rotation", "2026-Q2") })
}

func gitlab(r *run) {
	r.expectRotation(cloudfleet.RoleAdministrator, func() login {
		variable := func(key string) string {
			return get[string](r.T, r.gitlab.given(r.T, "gitlab_project_variable", "key", key), path.Root("value"))
		}
		r.equal("the registry", variable("CFCR_REGISTRY"), r.hostname())
		password := r.gitlab.given(r.T, "gitlab_project_variable", "key", "CFCR_PASSWORD")
		r.equal("masked", get[bool](r.T, password, path.Root("masked")), true)
		r.equal("protected", get[bool](r.T, password, path.Root("protected")), true)
		return login{variable("CFCR_USER"), variable("CFCR_PASSWORD")}
	}, func() { r.set("rotation", "2026-Q2") })
}

func vault(r *run) {
	identity, err := age.GenerateX25519Identity()
	must(r.T, err)
	r.set("age_recipient", identity.Recipient().String())
	r.hidden = identity.String()
	r.set("age_identity", r.hidden)
	r.expectRotation(cloudfleet.RoleUser, func() (l login) {
		r.decode(get[string](r.T, r.vault.given(r.T, "vault_kv_secret_v2", "name", "cloudfleet/pull"), path.Root("data_json_wo")), &l)
		return l
	}, func() { r.set("rotation", "2026-Q2") })
}

func kubernetesPullSecret(r *run) {
	arrived := func() login {
		secret := r.kubernetes.given(r.T, "kubernetes_secret_v1", "type", "kubernetes.io/dockerconfigjson")
		r.equal("the namespace", get[string](r.T, secret, path.Root("metadata").AtListIndex(0).AtName("namespace")), "shop")
		var config struct {
			Auths map[string]struct {
				login
				Auth []byte // base64 in JSON
			}
		}
		r.decode(get[map[string]string](r.T, secret, path.Root("data_wo"))[".dockerconfigjson"], &config)
		auth, isThere := config.Auths[r.hostname()]
		r.equal("that it has the registry", isThere, true)
		r.equal("auth", string(auth.Auth), auth.Username+":"+auth.Password)
		var pod struct{ Image string }
		r.output("pod", &pod)
		r.equal("the image", pod.Image, r.hostname()+"/shop/checkout:v1.4.2")
		return auth.login
	}
	var logins []login
	for _, rotation := range []string{"2026-Q1", "2026-Q2", "2026-Q3"} {
		r.set("rotation", rotation)
		r.apply()
		logins = append(logins, arrived())
		r.expectAccepted(logins[len(logins)-1], cloudfleet.RoleUser)
		if len(logins) > 1 {
			r.expectAccepted(logins[len(logins)-2], cloudfleet.RoleUser)
		}
	}
	r.equal("that the first password is accepted", r.cloud.Accepts(logins[0].Username, logins[0].Password), false)
}

func quarterlyRotation(r *run) {
	pass := func(days int) { r.later.Add(int64(days) * int64(24*time.Hour/time.Second)) }
	r.expectRotation(cloudfleet.RoleAdministrator, func() login {
		l := login{Password: r.githubPassword()}
		r.output("registry_user", &l.Username)
		return l
	}, func() {
		pass(85)
		r.expectEmptyPlan()
		pass(10)
	})
}

func tokenPerTeam(r *run) {
	type team struct {
		Keys     []string `json:"keys"`
		Push     bool     `json:"push"`
		Rotation string   `json:"rotation,omitempty"`
	}
	identities := map[string]*age.X25519Identity{}
	teams := map[string]team{}
	for _, name := range []string{"build", "old", "shop"} {
		identity, err := age.GenerateX25519Identity()
		must(r.T, err)
		identities[name] = identity
		teams[name] = team{Keys: []string{identity.Recipient().String()}, Push: name == "build"}
	}
	apply := func() map[string]login {
		text, err := json.Marshal(teams)
		must(r.T, err)
		r.set("teams", string(text))
		r.cloud.ForgetRequests()
		r.apply()
		var outputs map[string]struct {
			Username          string
			EncryptedPassword string `json:"encrypted_password"`
		}
		r.output("logins", &outputs)
		r.equal("the number of logins", len(outputs), len(teams))
		logins := map[string]login{}
		for name, output := range outputs {
			plain, err := age.Decrypt(armor.NewReader(strings.NewReader(output.EncryptedPassword)), identities[name])
			must(r.T, err)
			password, err := io.ReadAll(plain)
			must(r.T, err)
			logins[name] = login{output.Username, string(password)}
			role := cloudfleet.RoleUser
			if teams[name].Push {
				role = cloudfleet.RoleAdministrator
			}
			r.expectAccepted(logins[name], role)
		}
		return logins
	}

	first := apply()
	delete(teams, "old")
	shop := teams["shop"]
	shop.Rotation = "2026-Q2"
	teams["shop"] = shop
	second := apply()
	r.equal("the login of the team that nothing has changed for", second["build"], first["build"])
	r.equal("that the rotated password is accepted", r.cloud.Accepts(first["shop"].Username, first["shop"].Password), false)
	writes := r.cloud.Writes()
	slices.Sort(writes)
	want := []string{
		"DELETE /v1/tokens/" + first["old"].Username + ": 204",
		"POST /v1/tokens/" + first["shop"].Username + "/regenerate: 200",
	}
	if !slices.Equal(writes, want) {
		r.Errorf("the calls were %q, not %q", writes, want)
	}
}

func emergencyRevocation(r *run) {
	arrived := func() (l login) {
		r.output("docker_login", &l)
		return l
	}
	r.expectRotation(cloudfleet.RoleAdministrator, arrived, func() {
		leaked := arrived()
		r.must("apply", "-invoke=action.cloudfleet_revoke_api_token_secret.pipeline", "-auto-approve")
		r.equal("that the leaked secret is accepted", r.cloud.Accepts(leaked.Username, leaked.Password), false)
		r.equal("the login in the state", arrived(), leaked)
	})
}

// madeByHand creates tokens elsewhere. An example adopts the first two.
func (r *run) madeByHand() (logins map[string]login) {
	r.Helper()
	client, err := cloudfleet.New(cloudfleet.Options{
		Endpoint: r.cloud.Endpoint, AccessTokenID: r.cloud.TokenID, AccessTokenSecret: r.cloud.TokenSecret, RequestTimeout: time.Minute,
	})
	must(r.T, err)
	logins = map[string]login{}
	for _, name := range []string{"github-checkout", "gitlab-stock", "made-by-hand"} {
		token, _, err := client.CreateToken(r.Context(), cloudfleet.TokenSettings{Name: name, Role: cloudfleet.RoleUser})
		must(r.T, err)
		logins[name] = login{token.ID, token.Secret}
	}
	r.cloud.ForgetRequests()
	return logins
}

func (r *run) expectAdopted(logins map[string]login) {
	r.Helper()
	state := string(r.must("state", "pull"))
	for name, l := range logins {
		r.equal("that "+name+" is adopted", strings.Contains(state, l.Username), name != "made-by-hand")
		r.expectAccepted(l, cloudfleet.RoleUser)
	}
	r.equal("the number of changes at Cloudfleet", len(r.cloud.Writes()), 0)
}

func adoptTokens(r *run) {
	logins := r.madeByHand()
	r.must("query", "-generate-config-out=tokens.tf")
	r.apply()
	r.expectAdopted(logins)
}

func adoptMany(r *run) {
	logins := r.madeByHand()
	r.set(
		"secrets",
		fmt.Sprintf(`{"github-checkout" = %q, "gitlab-stock" = %q}`, logins["github-checkout"].Password, logins["gitlab-stock"].Password),
	)
	r.set("secrets_version", "1")
	r.apply()
	r.expectAdopted(logins)
	state := string(r.must("state", "pull"))
	for name, l := range logins {
		r.equal("that the state has the secret of "+name, strings.Contains(state, l.Password), name != "made-by-hand")
	}
}

func baseImages(r *run) {
	host := r.cloud.OrganizationID + ".europe." + r.cloud.RegistryDomain
	if r.asPrinted {
		host = r.hostname()
	} else {
		r.Env = append(r.Env, "CLOUDFLEET_REGISTRY_DOMAIN="+r.cloud.RegistryDomain)
	}
	source, err := testimage.Repository(r.cloud.URL, host, "source", r.cloud.TokenID, r.cloud.TokenSecret)
	must(r.T, err)
	image, err := testimage.Write(r.Context(), source, "v1", "linux/amd64", "linux/arm64")
	must(r.T, err)
	r.set("images", fmt.Sprintf(`{"base/app" = "%s/source:v1"}`, host))
	r.apply()
	var references map[string]string
	r.output("references", &references)
	r.equal("the reference", references["base/app"], host+"/base/app@"+image.Digest.String())
	copied, err := testimage.Repository(r.cloud.URL, host, "base/app", r.cloud.TokenID, r.cloud.TokenSecret)
	must(r.T, err)
	found, err := copied.Resolve(r.Context(), "v1")
	must(r.T, err)
	r.equal("the digest", found.Digest, image.Digest)
}

// centralRelease releases images of two teams, then a newer one of one of them. There is
// one Administrator, and the image that was released before stays.
func centralRelease(r *run) {
	host := r.cloud.OrganizationID + ".europe." + r.cloud.RegistryDomain
	r.Env = append(r.Env, "CLOUDFLEET_REGISTRY_DOMAIN="+r.cloud.RegistryDomain)
	digests := map[string]string{}
	for image, platform := range map[string]string{"shop/checkout:v1": "linux/amd64", "shop/checkout:v2": "linux/arm64", "data/etl:v1": "linux/s390x"} {
		name, tag, _ := strings.Cut(image, ":")
		source, err := testimage.Repository(r.cloud.URL, host, "source/"+name, r.cloud.TokenID, r.cloud.TokenSecret)
		must(r.T, err)
		pushed, err := testimage.Write(r.Context(), source, tag, platform)
		must(r.T, err)
		digests[image] = pushed.Digest.String()
	}
	released := func(tag string) {
		r.set(
			"releases",
			fmt.Sprintf(`{shop = {checkout = "%[1]s/source/shop/checkout:%[2]s"}, data = {etl = "%[1]s/source/data/etl:v1"}}`, host, tag),
		)
		r.apply()
		var references map[string]string
		r.output("references", &references)
		r.equal("the reference", references["shop/checkout"], host+"/shop/checkout@"+digests["shop/checkout:"+tag])
		r.equal("the other team's", references["data/etl"], host+"/data/etl@"+digests["data/etl:v1"])
	}
	released("v1")
	released("v2")
	copied, err := testimage.Repository(r.cloud.URL, host, "shop/checkout", r.cloud.TokenID, r.cloud.TokenSecret)
	must(r.T, err)
	_, err = copied.Resolve(r.Context(), digests["shop/checkout:v1"])
	must(r.T, err)
	r.equal("the tokens", len(r.cloud.Tokens(r.cloud.OrganizationID)), 1)
}

func helmChart(r *run) {
	r.apply()
	registry := path.Root("registries").AtListIndex(0)
	r.equal("the registry's URL", get[string](r.T, r.helm.configured, registry.AtName("url")), "oci://"+r.hostname())
	// The token is deleted by now: the login that the provider helm leaves in a file is
	// invalid.
	username, password := get[string](
		r.T,
		r.helm.configured,
		registry.AtName("username"),
	), get[string](
		r.T,
		r.helm.configured,
		registry.AtName("password"),
	)
	if username == r.cloud.TokenID || password == "" || r.cloud.Accepts(username, password) {
		r.Errorf("the login of helm is that of %s, and is still accepted: %t", username, r.cloud.Accepts(username, password))
	}
	release := r.helm.given(r.T, "helm_release", "name", "checkout")
	r.equal("the repository", get[string](r.T, release, path.Root("repository")), "oci://"+r.hostname()+"/charts")
	r.equal("the number of tokens", len(r.cloud.Issued()), 0)
}

// make release-check tests the push and the installation.
func opentofuMirror(r *run) {
	r.apply()
	var install login
	r.output("install", &install)
	r.expectAccepted(install, cloudfleet.RoleUser)
	var hostname string
	r.output("registry_hostname", &hostname)
	r.equal("the host name", hostname, r.hostname())
}

// The tests of a module pass, make no calls, and fail if the module is wrong.
func moduleTests(r *run) {
	r.cloud.ForgetRequests()
	out := string(r.must("test", "-no-color"))
	if !strings.Contains(out, "2 passed, 0 failed") || len(r.cloud.Requests()) > 0 {
		r.Errorf("it has called %v, and says\n%s", r.cloud.Requests(), out)
	}
	file := filepath.Join(r.Dir, "main.tf")
	wrong := strings.Replace(read(r.T, file), `"Administrator" : "User"`, `"User" : "User"`, 1)
	must(r.T, os.WriteFile(file, []byte(wrong), 0o600))
	if _, err := r.Folder.Run(r.Context(), "test", "-no-color"); err == nil || !strings.Contains(err.Error(), "needs an Administrator token") {
		r.Errorf("the tests of a wrong module: %v", err)
	}
}

// Each run uses the credentials of the previous rotation, and is never locked out.
func providerToken(r *run) {
	r.set("token_id", r.cloud.TokenID)
	r.must("apply", "-auto-approve") // which has no secret yet
	used := login{r.cloud.TokenID, r.cloud.TokenSecret}
	for _, rotation := range []string{"2026-Q2", "2026-Q3", "2026-Q4"} {
		r.set("rotation", rotation)
		r.apply()
		var issued struct {
			ID     string `json:"access_token_id"`
			Secret string `json:"access_token_secret"`
		}
		r.output("credentials", &issued)
		r.equal("that the credentials of this run are still accepted", r.cloud.Accepts(used.Username, used.Password), true)
		r.expectAccepted(login{issued.ID, issued.Secret}, cloudfleet.RoleAdministrator)
		r.equal("that the run has rotated its own token", issued.ID == used.Username, false)
		used = login{issued.ID, issued.Secret}
		r.Env = append(r.Env, "CLOUDFLEET_ACCESS_TOKEN_ID="+used.Username, "CLOUDFLEET_ACCESS_TOKEN_SECRET="+used.Password)
	}
	r.equal("that the first secret is accepted", r.cloud.Accepts(r.cloud.TokenID, r.cloud.TokenSecret), false)
	r.must("state", "rm", "cloudfleet_rotating_api_token.terraform")
	must(r.T, os.Remove(filepath.Join(r.Dir, "main.tf")))
}

// There are no findings at first. Then a token is too old, and one has too many rights.
func audit(r *run) {
	const finding = "Check block assertion failed"
	plan := func() string { return strings.Join(strings.Fields(string(r.must("plan", "-no-color"))), " ") }
	all := fmt.Sprintf("[%q]", r.cloud.TokenID)
	r.set("administrators", all)
	if out := plan(); strings.Contains(out, finding) {
		r.Errorf("it finds something: %s", out)
	}
	r.set("max_age_days", "0")
	r.set("administrators", `["mock server's first token"]`) // a name approves nothing
	out := plan()
	for _, want := range []string{"not known to be rotated: mock server's first token (", "not approved: mock server's first token ("} {
		if !strings.Contains(out, want) || strings.Count(out, finding) != 2 {
			r.Errorf("it does not find %q: %s", want, out)
		}
	}
	r.set("rotated", all)
	r.set("administrators", all)
	if out := plan(); strings.Contains(out, finding) {
		r.Errorf("it finds a token that is rotated: %s", out)
	}
}
