package image_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/canary"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// copies has an organization that copies images, and the organization of the source.
type copies struct {
	t        *testing.T
	ours     *acctest.Cloud
	theirs   *acctest.Cloud
	provider *protocoltest.Provider
}

func startCopies(t *testing.T, o mockserver.Options) copies {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir()) // not the logins of the person who runs the tests
	c := copies{t, acctest.Start(t, o), acctest.Start(t, o), nil}
	c.provider = protocoltest.Start(t, c.ours, map[string]any{"registry_domain": c.ours.RegistryDomain})
	return c
}

func (c copies) sourceHost() string {
	return c.theirs.OrganizationID + ".europe." + c.theirs.RegistryDomain
}

func (c copies) ourHost() string { return c.ours.OrganizationID + ".europe." + c.ours.RegistryDomain }

// config is a configuration that copies the other organization's image base, with a
// login.
func (c copies) config(reference string, arguments map[string]any) map[string]any {
	config := map[string]any{
		"source": c.sourceHost() + "/base" + reference, "repository": "mirror/base",
		"source_username": c.theirs.TokenID, "source_password": c.theirs.TokenSecret,
	}
	maps.Copy(config, arguments)
	return config
}

func (c copies) image() *protocoltest.Resource {
	return c.provider.Resource("cloudfleet_registry_image")
}

func (c copies) mustApply(r *protocoltest.Resource, config map[string]any) {
	c.t.Helper()
	if diags := append(r.Refresh(c.t.Context()), r.Apply(c.t.Context(), config)...); len(diags) > 0 {
		c.t.Fatal(diags)
	}
}

// mustStay checks that the next plan is empty.
func (c copies) mustStay(r *protocoltest.Resource, config map[string]any) {
	c.t.Helper()
	if diags := r.Refresh(c.t.Context()); len(diags) > 0 {
		c.t.Error(diags)
	}
	if plan, diags := r.Plan(c.t.Context(), config); len(diags) > 0 || !reflect.DeepEqual(plan, r.State()) {
		c.t.Errorf("another apply would make %v of %v: %v", plan, r.State(), diags)
	}
}

// dockerLogin stores the login for the source in the machine's Docker configuration.
func (c copies) dockerLogin() {
	c.t.Helper()
	login := base64.StdEncoding.EncodeToString([]byte(c.theirs.TokenID + ":" + c.theirs.TokenSecret))
	file := filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json")
	if err := os.WriteFile(file, fmt.Appendf(nil, `{"auths": {%q: {"auth": %q}}}`, c.sourceHost(), login), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// resolve returns the digest that a tag or digest of the copy refers to, or nothing.
func (c copies) resolve(reference string) string {
	c.t.Helper()
	found, err := open(c.t, c.ours, "europe", "mirror/base").Resolve(c.t.Context(), reference)
	if err != nil {
		return ""
	}
	return found.Digest.String()
}

// writes counts the requests to our registry that changed something, by their method and
// whether they are of a manifest or a blob.
func (c copies) writes() map[string]int {
	n := map[string]int{}
	for _, r := range c.ours.RegistryRequests() {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			continue
		}
		kind := "manifest"
		if strings.Contains(r.Path, "/blobs/") {
			kind = "blob"
		}
		n[r.Method+" "+kind]++
	}
	return n
}

func TestImageIsCopied(t *testing.T) {
	for challenge, options := range map[string]mockserver.Options{"Basic": {}, "Bearer": {RegistryBearer: true}} {
		t.Run(challenge, func(t *testing.T) {
			c := startCopies(t, options)
			pushed := push(t, c.theirs, "europe", "base", "v1", "linux/amd64", "linux/arm64")
			signature := sign(t, c.theirs, "base", pushed)

			r, config := c.image(), c.config(":v1", nil)
			plan, diags := r.Plan(t.Context(), config)
			if diags.HasError() || plan["digest"] != protocoltest.Unknown || !reflect.DeepEqual(plan["tags"], []any{"v1"}) {
				t.Errorf("planned %v, %v", plan, diags)
			}
			c.mustApply(r, config)
			state := r.State()
			want := map[string]any{
				"digest": pushed.Digest.String(), "source_digest": pushed.Digest.String(),
				"reference": c.ourHost() + "/mirror/base@" + pushed.Digest.String(), "region": "europe", "source_password": nil,
			}
			for name, value := range want {
				if state[name] != value {
					t.Errorf("%s is %v, want %v", name, state[name], value)
				}
			}
			if size, _ := state["size"].(int64); size < 2000 {
				t.Errorf("the size is %v", state["size"])
			}
			if got := c.resolve("v1"); got != pushed.Digest.String() {
				t.Errorf("the tag stands for %q", got)
			}
			if c.resolve(signature.Digest.String()) == "" {
				t.Error("what refers to the image did not come along")
			}
			c.mustStay(r, config)

			// Copying the same image again sends no blob.
			c.ours.ForgetRequests()
			again := c.image()
			c.mustApply(again, c.config(":v1", map[string]any{"tags": []any{"again"}}))
			if n := c.writes(); n["PUT blob"] > 0 {
				t.Errorf("sent again: %v", n)
			}
			// Another repository that does not have the image gets it mounted.
			c.ours.ForgetRequests()
			c.ours.InterceptRegistry(func(registry http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodHead && strings.HasPrefix(r.URL.Path, "/v2/mirror/sister/blobs/") {
						w.WriteHeader(http.StatusNotFound) // the mock's repositories share their blobs
						return
					}
					registry.ServeHTTP(w, r)
				})
			})
			sister := c.image()
			c.mustApply(sister, c.config("@"+pushed.Digest.String(), map[string]any{"repository": "mirror/sister"}))
			if n := c.writes(); n["PUT blob"] > 0 || n["POST blob"] == 0 {
				t.Errorf("not mounted: %v", n)
			}
			c.ours.InterceptRegistry(nil)

			if diags := r.Destroy(t.Context()); diags.HasError() || c.resolve("v1") != "" || c.resolve("again") == "" {
				t.Errorf("after the destroy of one of two: %v", diags)
			}
			if diags := again.Destroy(t.Context()); diags.HasError() || c.resolve(pushed.Digest.String()) != "" {
				t.Errorf("after the destroy of both: %v", diags)
			}
		})
	}
}

// sign pushes something that refers to an image, as a signature does.
func sign(t *testing.T, cloud *acctest.Cloud, repository string, image ocispec.Descriptor) ocispec.Descriptor {
	t.Helper()
	signed, err := oras.PackManifest(
		t.Context(),
		open(t, cloud, "europe", repository),
		oras.PackManifestVersion1_1,
		"application/vnd.example.signature",
		oras.PackManifestOptions{Subject: &image},
	)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// A moved tag and a deleted image show in a plan, and the apply restores them.
func TestImageDrift(t *testing.T) {
	c := startCopies(t, mockserver.Options{})
	pushed := push(t, c.theirs, "europe", "base", "v1", "linux/amd64")
	r, config := c.image(), c.config("@"+pushed.Digest.String(), map[string]any{"tags": []any{"stable", "v1"}})
	plan, diags := r.Plan(t.Context(), config)
	if diags.HasError() || plan["digest"] != pushed.Digest.String() ||
		plan["reference"] != c.ourHost()+"/mirror/base@"+pushed.Digest.String() {
		t.Errorf("planned %v, %v", plan, diags)
	}
	c.mustApply(r, config)

	c.ours.ForgetRequests()
	c.mustStay(r, config)
	if n := len(c.ours.RegistryRequests()); n > 4 { // one for each tag, and the login
		t.Errorf("a refresh made %d requests: %v", n, c.ours.RegistryRequests())
	}

	push(t, c.ours, "europe", "mirror/base", "stable", "linux/s390x")
	if r.Refresh(t.Context()); !reflect.DeepEqual(r.State()["tags"], []any{"v1"}) {
		t.Errorf("after a tag was moved: %v", r.State())
	}
	c.theirs.ForgetRequests()
	c.mustApply(r, config)
	if c.resolve("stable") != pushed.Digest.String() || len(c.theirs.RegistryRequests()) > 0 {
		t.Errorf("the tag was not moved back, or the source asked: %v", c.theirs.RegistryRequests())
	}
	c.mustStay(r, config)

	fewer := c.config("@"+pushed.Digest.String(), map[string]any{"tags": []any{"v1"}})
	c.mustApply(r, fewer)
	if c.resolve("stable") != "" {
		t.Error("a tag that is configured no more is still there")
	}

	if diags := r.Destroy(t.Context()); diags.HasError() {
		t.Fatal(diags)
	}
	r = c.image()
	c.mustApply(r, fewer)
	other := c.image()
	if diags := other.Import(t.Context(), c.ourHost()+"/mirror/base:v1"); diags.HasError() {
		t.Fatal(diags)
	}
	if diags := other.Destroy(t.Context()); diags.HasError() {
		t.Fatal(diags)
	}
	if r.Refresh(t.Context()); r.State() != nil {
		t.Errorf("the image was deleted, and the state has %v", r.State())
	}
	c.mustApply(r, fewer)
	c.mustStay(r, fewer)
}

func TestImageFollowsATag(t *testing.T) {
	c := startCopies(t, mockserver.Options{})
	c.dockerLogin()
	first := push(t, c.theirs, "europe", "base", "v1", "linux/amd64")
	r, follows := c.image(), c.config(":v1", map[string]any{"follow_tag": true})
	c.mustApply(r, follows)
	second := push(t, c.theirs, "europe", "base", "v1", "linux/arm64")
	stays := c.config(":v1", nil)
	c.mustApply(r, stays)
	if r.Text("digest") != first.Digest.String() {
		t.Errorf("it followed unasked: %v", r.State())
	}
	c.mustStay(r, stays)
	plan, diags := r.Plan(t.Context(), follows)
	if diags.HasError() || plan["digest"] != second.Digest.String() {
		t.Errorf("planned %v, %v", plan, diags)
	}
	c.mustApply(r, follows)
	if r.Text("digest") != second.Digest.String() || c.resolve("v1") != second.Digest.String() {
		t.Errorf("it did not follow: %v", r.State())
	}
	if c.resolve(first.Digest.String()) == "" {
		t.Error("the image that a deployment may still have was deleted")
	}
	c.mustStay(r, follows)
	c.theirs.Intercept(nil)
}

// A walk found: what the refresh had seen of one source was taken for the tag of the next,
// so that a plan without a refresh copied again.
func TestAnotherSourceIsNotWhatTheRefreshSaw(t *testing.T) {
	c := startCopies(t, mockserver.Options{})
	c.dockerLogin()
	push(t, c.theirs, "europe", "base", "v1", "linux/amd64")
	push(t, c.theirs, "europe", "base", "v2", "linux/arm64")
	r := c.image()
	for _, tag := range []string{":v1", ":v2"} {
		config := c.config(tag, map[string]any{"follow_tag": true})
		c.mustApply(r, config)
		if plan, diags := r.Plan(t.Context(), config); len(diags) > 0 || !reflect.DeepEqual(plan, r.State()) {
			t.Errorf("%s: the next plan is %v of %v: %v", tag, plan, r.State(), diags)
		}
	}
}

func TestImageForSomePlatforms(t *testing.T) {
	c := startCopies(t, mockserver.Options{})
	pushed := push(t, c.theirs, "europe", "base", "v1", "linux/amd64", "linux/arm64", "linux/s390x")
	r, config := c.image(), c.config(":v1", map[string]any{"platforms": []any{"linux/amd64", "linux/arm64"}})
	c.mustApply(r, config)
	if r.Text("source_digest") != pushed.Digest.String() || r.Text("digest") == pushed.Digest.String() {
		t.Errorf("copied %v", r.State())
	}
	got, diags := c.provider.Data(t.Context(), "cloudfleet_registry_image", map[string]any{"repository": "mirror/base", "tag": "v1"})
	if diags.HasError() || !reflect.DeepEqual(got["platforms"], []any{"linux/amd64", "linux/arm64"}) || got["digest"] != r.Text("digest") {
		t.Errorf("there is %v, %v", got, diags)
	}
	c.mustStay(r, config)
	all := c.config(":v1", map[string]any{"platforms": []any{"linux/s390x", "linux/amd64", "linux/arm64"}})
	c.mustApply(r, all)
	if r.Text("digest") != pushed.Digest.String() {
		t.Errorf("all platforms have another digest: %v", r.State())
	}
}

// An interrupted copy has no tag, and the next apply continues it.
func TestImageCopyIsTakenUpAgain(t *testing.T) {
	c := startCopies(t, mockserver.Options{})
	push(t, c.theirs, "europe", "base", "v1", "linux/amd64", "linux/arm64", "linux/s390x")
	var blobs atomic.Int32
	c.ours.InterceptRegistry(func(registry http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/blobs/") && blobs.Add(1) > 2 {
				panic(http.ErrAbortHandler)
			}
			registry.ServeHTTP(w, r)
		})
	})
	r, config := c.image(), c.config(":v1", nil)
	if diags := r.Apply(t.Context(), config); !diags.HasError() || r.State() != nil || c.resolve("v1") != "" {
		t.Errorf("after a copy that broke off: %v, %v", r.State(), diags)
	}
	c.ours.InterceptRegistry(nil)
	c.ours.ForgetRequests()
	c.mustApply(r, config)
	if n := c.writes(); n["PUT blob"] != 4 { // of six
		t.Errorf("sent by the second apply: %v", n)
	}
}

// Two runs that copy the same image at the same time both succeed, and so do two that
// destroy it.
func TestImageInTwoRunsAtOnce(t *testing.T) {
	c := startCopies(t, mockserver.Options{})
	push(t, c.theirs, "europe", "base", "v1", "linux/amd64", "linux/arm64")
	config := c.config(":v1", nil)
	another := c
	another.provider = protocoltest.Start(t, c.ours, map[string]any{"registry_domain": c.ours.RegistryDomain})
	runs := []*protocoltest.Resource{c.image(), another.image()}
	both := func(what string, do func(*protocoltest.Resource) protocoltest.Diags) {
		var done sync.WaitGroup
		for _, r := range runs {
			done.Go(func() {
				if diags := do(r); len(diags) > 0 {
					t.Errorf("%s: %v", what, diags)
				}
			})
		}
		done.Wait()
	}
	both("apply", func(r *protocoltest.Resource) protocoltest.Diags { return r.Apply(t.Context(), config) })
	for _, r := range runs {
		c.mustStay(r, config)
	}
	both("destroy", func(r *protocoltest.Resource) protocoltest.Diags { return r.Destroy(t.Context()) })
	if left := c.resolve("v1"); left != "" {
		t.Errorf("left: %s", left)
	}
}

func TestImageCopyFailures(t *testing.T) {
	c := startCopies(t, mockserver.Options{})
	pushed := push(t, c.theirs, "europe", "base", "v1", "linux/amd64")
	for name, test := range map[string]struct {
		config map[string]any
		says   []string
	}{
		"no such tag":        {c.config(":v2", nil), []string{"source", "has no image v2", "base"}},
		"no such digest":     {c.config("@"+digest.FromString("x").String(), nil), []string{"source", "has no image sha256:"}},
		"no login":           {c.config(":v1", map[string]any{"source_username": nil, "source_password": nil}), []string{"401", "docker login", "source_username"}},
		"wrong password":     {c.config(":v1", map[string]any{"source_password": "wrong"}), []string{"401", "source_password"}},
		"half a login":       {c.config(":v1", map[string]any{"source_password": nil}), []string{"source_password"}},
		"no such platform":   {c.config(":v1", map[string]any{"platforms": []any{"linux/s390x"}}), []string{"linux/s390x", "linux/amd64"}},
		"another spelling":   {c.config(":v1", map[string]any{"platforms": []any{"linux/aarch64"}}), []string{`"linux/arm64"`}},
		"neither tag":        {c.config("", nil), []string{"neither a tag nor a digest"}},
		"follows a digest":   {c.config("@"+pushed.Digest.String(), map[string]any{"follow_tag": true}), []string{"No tag to follow"}},
		"registry not there": {map[string]any{"source": "127.0.0.1:1/base:v1", "repository": "base"}, []string{"127.0.0.1:1", "refused"}},
	} {
		r := c.image()
		diags := r.Apply(t.Context(), test.config)
		for _, says := range test.says {
			if !strings.Contains(diags.String(), says) {
				t.Errorf("%s: it does not say %q: %v", name, says, diags)
			}
		}
		if !diags.HasError() || strings.Contains(diags.String(), c.theirs.TokenSecret) {
			t.Errorf("%s: %v", name, diags)
		}
	}
}

// The login for a source is read from the machine's Docker configuration.
func TestImageSourceByDockerConfig(t *testing.T) {
	c := startCopies(t, mockserver.Options{})
	push(t, c.theirs, "europe", "base", "v1", "linux/amd64")
	c.dockerLogin()
	r, config := c.image(), c.config(":v1", map[string]any{"source_username": nil, "source_password": nil})
	c.mustApply(r, config)
	c.mustStay(r, config)
}

// A token that can only pull is refused in the plan.
func TestImageIsCopiedByAnAdministrator(t *testing.T) {
	c := startCopies(t, mockserver.Options{})
	push(t, c.theirs, "europe", "base", "v1", "linux/amd64")
	user := tokentest.Issue(t, c.ours, "pull", cloudfleet.RoleUser)
	c.provider = protocoltest.Start(t, c.ours, map[string]any{
		"registry_domain": c.ours.RegistryDomain, "access_token_id": user.ID, "access_token_secret": user.Secret,
	})
	if _, diags := c.image().Plan(t.Context(), c.config(":v1", nil)); !strings.Contains(diags.String(), "role Administrator") {
		t.Errorf("as a User: %v", diags)
	}
}

// No log has a secret.
func TestImageLog(t *testing.T) {
	c := startCopies(t, mockserver.Options{})
	push(t, c.theirs, "europe", "base", "v1", "linux/amd64")
	ctx, log := protocoltest.Logged(t.Context())
	if diags := c.image().Apply(ctx, c.config(":v1", nil)); len(diags) > 0 || !strings.Contains(log.String(), "copied a part of the image") {
		t.Fatal(diags, log)
	}
	canary.New(append(c.ours.Secrets(), c.theirs.Secrets()...)...).Check(t, "the log", log.String())
}

// Each error of the registry in a push has its own next step.
func TestImagePushFailures(t *testing.T) {
	for status, says := range map[int]string{403: "role Administrator", 405: "read-only", 413: "full", 500: "in a few minutes"} {
		c := startCopies(t, mockserver.Options{})
		push(t, c.theirs, "europe", "base", "v1", "linux/amd64")
		c.ours.InterceptRegistry(func(registry http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					w.WriteHeader(status)
					return
				}
				registry.ServeHTTP(w, r)
			})
		})
		if diags := c.image().Apply(t.Context(), c.config(":v1", nil)); !diags.HasError() || !strings.Contains(diags.String(), says) {
			t.Errorf("%d: it does not say %q: %v", status, says, diags)
		}
	}
}

// A destroy takes only what nothing else needs, and says what it keeps.
func TestImageThatSomethingElseNeeds(t *testing.T) {
	c := startCopies(t, mockserver.Options{})
	pushed := push(t, c.theirs, "europe", "base", "v1", "linux/amd64", "linux/arm64")
	index, part := c.image(), c.image()
	c.mustApply(index, c.config(":v1", nil))
	content := c.resolvePart()
	c.mustApply(part, map[string]any{"source": c.ourHost() + "/mirror/base@" + content, "repository": "mirror/base", "tags": []any{"amd64"}})
	diags := part.Destroy(t.Context())
	if diags.HasError() || !strings.Contains(diags.String(), "the tag v1 needs it") || c.resolve("amd64") != "" || c.resolve(content) == "" {
		t.Errorf("a platform of an index: %v", diags)
	}
	untagged := c.image()
	c.mustApply(untagged, c.config("@"+pushed.Digest.String(), nil))
	diags = untagged.Destroy(t.Context())
	if diags.HasError() || !strings.Contains(diags.String(), "was kept") || c.resolve(pushed.Digest.String()) == "" {
		t.Errorf("an image without tags of its own: %v", diags)
	}
	if diags := index.Destroy(t.Context()); len(diags) > 0 || c.resolve(pushed.Digest.String()) != "" {
		t.Errorf("the index: %v", diags)
	}
}

// A single 404 proves nothing: a destroy leaves what an index needs, and is tried again.
func TestDestroyWithAStray404(t *testing.T) {
	for _, part := range []string{"/tags/list", "/manifests/sha256:"} {
		c := startCopies(t, mockserver.Options{})
		push(t, c.theirs, "europe", "base", "v1", "linux/amd64", "linux/arm64")
		c.mustApply(c.image(), c.config(":v1", nil))
		platform, r := c.resolvePart(), c.image()
		c.mustApply(r, map[string]any{"source": c.ourHost() + "/mirror/base@" + platform, "repository": "mirror/base", "tags": []any{"amd64"}})
		var once sync.Once
		c.ours.InterceptRegistry(func(registry http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet && strings.Contains(r.URL.Path, part) {
					once.Do(func() {
						w.WriteHeader(http.StatusNotFound)
						r = nil
					})
				}
				if r != nil {
					registry.ServeHTTP(w, r)
				}
			})
		})
		if diags := r.Destroy(t.Context()); !diags.HasError() || c.resolve(platform) == "" || r.State() == nil {
			t.Errorf("%s: %v", part, diags)
		}
		if diags := r.Destroy(t.Context()); !strings.Contains(diags.String(), "was kept") || c.resolve(platform) == "" || r.State() != nil {
			t.Errorf("%s, again: %v", part, diags)
		}
	}
}

// Two resources of one image that are destroyed at the same time delete it.
func TestImageOfTwoResourcesIsDeleted(t *testing.T) {
	c := startCopies(t, mockserver.Options{})
	pushed := push(t, c.theirs, "europe", "base", "v1", "linux/amd64")
	var all sync.WaitGroup
	for range 5 {
		first, second := c.image(), c.image()
		c.mustApply(first, c.config(":v1", nil))
		c.mustApply(second, c.config(":v1", map[string]any{"tags": []any{"v2"}}))
		for _, r := range []*protocoltest.Resource{first, second} {
			all.Go(func() {
				if diags := r.Destroy(t.Context()); diags.HasError() {
					t.Error(diags)
				}
			})
		}
		all.Wait()
		if c.resolve(pushed.Digest.String()) != "" {
			t.Error("the image is still there")
		}
	}
}

// A destroy beside a copy that needs the same image waits for it.
func TestDestroyBesideACopy(t *testing.T) {
	c := startCopies(t, mockserver.Options{})
	push(t, c.theirs, "europe", "base", "v1", "linux/amd64", "linux/arm64")
	index, config := c.image(), c.config(":v1", nil)
	c.mustApply(index, config)
	platform := map[string]any{"source": c.sourceHost() + "/base@" + c.resolvePart(), "tags": []any{"amd64"}}
	for range 20 {
		if diags := index.Destroy(t.Context()); diags.HasError() {
			t.Fatal(diags)
		}
		part := c.image()
		c.mustApply(part, c.config("", platform))
		index = c.image()
		var both sync.WaitGroup
		both.Go(func() { part.Destroy(t.Context()) })
		both.Go(func() { c.mustApply(index, config) })
		both.Wait()
		c.mustStay(index, config)
		if c.resolve(c.resolvePart()) == "" {
			t.Fatal("the index has lost a platform")
		}
	}
}

// resolvePart returns the digest of the first entry of the index v1 in our registry.
func (c copies) resolvePart() string {
	c.t.Helper()
	target := open(c.t, c.ours, "europe", "mirror/base")
	_, content, err := oras.FetchBytes(c.t.Context(), target, "v1", oras.DefaultFetchBytesOptions)
	if err != nil {
		c.t.Fatal(err)
	}
	var index ocispec.Index
	if err := json.Unmarshal(content, &index); err != nil {
		c.t.Fatal(err)
	}
	return index.Manifests[0].Digest.String()
}

// refuse answers the deletes of references that contain a text with a status.
func (c copies) refuse(status int, text string) {
	c.ours.InterceptRegistry(func(registry http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodDelete && strings.Contains(r.URL.Path, text) {
				w.WriteHeader(status)
				return
			}
			registry.ServeHTTP(w, r)
		})
	})
}

// A registry that deletes no tags deletes the image with its tags, if nothing else needs it.
// Otherwise the tag stays in the state.
func TestTagsThatCannotBeDeleted(t *testing.T) {
	for _, status := range []int{400, 404, 405} {
		c := startCopies(t, mockserver.Options{})
		pushed := push(t, c.theirs, "europe", "base", "v1", "linux/amd64")
		r, config := c.image(), c.config(":v1", map[string]any{"tags": []any{"v1", "v2"}})
		c.mustApply(r, config)
		c.refuse(status, "/manifests/v")
		fewer := c.config(":v1", map[string]any{"tags": []any{"v1"}})
		diags := r.Apply(t.Context(), fewer)
		if !diags.HasError() || !strings.Contains(diags.String(), "stays in the state") ||
			!reflect.DeepEqual(r.State()["tags"], []any{"v1", "v2"}) {
			t.Errorf("%d, an update: %v %v", status, r.State(), diags)
		}
		if diags := r.Destroy(t.Context()); diags.HasError() || c.resolve(pushed.Digest.String()) != "" {
			t.Errorf("%d, a destroy: %v", status, diags)
		}
	}
	c := startCopies(t, mockserver.Options{})
	push(t, c.theirs, "europe", "base", "v1", "linux/amd64")
	r := c.image()
	c.mustApply(r, c.config(":v1", nil))
	c.refuse(405, "/manifests/")
	if diags := r.Destroy(t.Context()); !diags.HasError() || r.State() == nil || c.resolve("v1") == "" {
		t.Errorf("nothing can be deleted: %v", diags)
	}
}

// A CLI without identities, an image that is gone, and an import of one that is not there.
func TestImageThatIsGone(t *testing.T) {
	c := startCopies(t, mockserver.Options{})
	push(t, c.theirs, "europe", "base", "v1", "linux/amd64")
	r, config := c.image(), c.config(":v1", nil)
	c.mustApply(r, config)
	r.ForgetIdentity()
	tokentest.CallRegistry(t, c.ours, http.MethodDelete, c.ourHost(), "/v2/mirror/base/manifests/"+r.Text("digest"))
	c.mustApply(r, config)
	c.mustStay(r, config)
	imported := c.image()
	if diags := imported.Import(t.Context(), c.ourHost()+"/mirror/base:none"); !strings.Contains(diags.String(), "Cannot import the image") {
		t.Errorf("got %v", diags)
	}
}

// What the refresh saw decides. The apply copies that, even if the tag moves again, or says
// that it is gone.
func TestTagThatMovesTwice(t *testing.T) {
	for name, platforms := range map[string]any{"all": nil, "some platforms": []any{"linux/amd64"}} {
		t.Run(name, func(t *testing.T) {
			c := startCopies(t, mockserver.Options{})
			c.dockerLogin()
			push(t, c.theirs, "europe", "base", "v1", "linux/amd64", "linux/arm64")
			r, config := c.image(), c.config(":v1", map[string]any{"follow_tag": true, "platforms": platforms})
			c.mustApply(r, config)
			second := push(t, c.theirs, "europe", "base", "v1", "linux/amd64", "linux/s390x")
			if diags := r.Refresh(t.Context()); len(diags) > 0 {
				t.Fatal(diags)
			}
			third := push(t, c.theirs, "europe", "base", "v1", "linux/amd64", "linux/386")
			planned, diags := r.Plan(t.Context(), config)
			if len(diags) > 0 || planned["source_digest"] != second.Digest.String() {
				t.Errorf("planned %v, %v", planned, diags)
			}
			if diags := r.Apply(t.Context(), config); len(diags) > 0 || r.Text("source_digest") != second.Digest.String() {
				t.Errorf("%v, %v", r.State(), diags)
			}
			c.mustApply(r, config)
			if r.Text("source_digest") != third.Digest.String() {
				t.Errorf("the next run has %v", r.State())
			}
			c.mustStay(r, config)

			fourth := push(t, c.theirs, "europe", "base", "v1", "linux/amd64", "linux/riscv64")
			if diags := r.Refresh(t.Context()); len(diags) > 0 {
				t.Fatal(diags)
			}
			push(t, c.theirs, "europe", "base", "v1", "linux/amd64", "linux/386")
			tokentest.CallRegistry(t, c.theirs, http.MethodDelete, c.sourceHost(), "/v2/base/manifests/"+fourth.Digest.String())
			before := r.State()
			diags = r.Apply(t.Context(), config)
			if !diags.HasError() || !strings.Contains(diags.String(), "source") || !reflect.DeepEqual(r.State(), before) {
				t.Errorf("the planned image is gone: %v, %v", r.State(), diags)
			}
		})
	}
}

// What would fail in the apply is an error of the plan, and what is written wrongly is
// refused with the right form.
func TestImagePlanFails(t *testing.T) {
	c := startCopies(t, mockserver.Options{})
	push(t, c.theirs, "europe", "base", "v1", "linux/amd64")
	for name, test := range map[string]struct {
		config map[string]any
		says   string
	}{
		"no such tag":            {c.config(":v2", nil), "has no image v2"},
		"refused login":          {c.config(":v1", map[string]any{"source_password": "wrong"}), "source_username"},
		"a host name before it":  {c.config(":v1", map[string]any{"repository": c.ourHost() + "/mirror/redis"}), "without it: mirror/redis"},
		"no host name":           {c.config("", map[string]any{"source": "nginx:1.29"}), "docker.io/library/nginx:1.29"},
		"itself":                 {map[string]any{"source": c.ourHost() + "/mirror/base:v1", "repository": "mirror/base"}, "the copy itself"},
		"a name without library": {c.config("", map[string]any{"source": "grafana/grafana:12"}), "docker.io/grafana/grafana:12"},
	} {
		_, diags := c.image().Plan(t.Context(), test.config)
		if !diags.HasError() || !strings.Contains(diags.String(), test.says) {
			t.Errorf("%s: it does not say %q: %v", name, test.says, diags)
		}
	}
	unknown := c.config(":v1", map[string]any{"source_username": protocoltest.Unknown, "source_password": protocoltest.Unknown})
	if _, diags := c.image().Plan(t.Context(), unknown); len(diags) > 0 {
		t.Errorf("a login that is not known yet: %v", diags)
	}
}

// What is stored is what was done: a tag that could not be set leaves those that were.
func TestImageSavesAfterEachCall(t *testing.T) {
	c := startCopies(t, mockserver.Options{})
	push(t, c.theirs, "europe", "base", "v1", "linux/amd64")
	c.ours.InterceptRegistry(func(registry http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/manifests/b") {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			registry.ServeHTTP(w, r)
		})
	})
	r, config := c.image(), c.config(":v1", map[string]any{"tags": []any{"a", "b", "c"}})
	if diags := r.Apply(t.Context(), config); !diags.HasError() || !reflect.DeepEqual(r.State()["tags"], []any{"a"}) {
		t.Errorf("%v, %v", r.State(), diags)
	}
	c.ours.InterceptRegistry(nil)
	c.mustApply(r, config)
	c.mustStay(r, config)
}
