package image_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"
	"pgregory.net/rapid"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/randomwalk"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// imageWalk is what may happen to two resources that copy into one repository, chosen at
// random: an image of several platforms, and one of its platforms.
type imageWalk struct {
	*rapid.T
	copies
	resources [2]*protocoltest.Resource
	configs   [2]map[string]any
	// platform is the digest of the image of a platform in v1, as it was first.
	platform string
	// broken are resources whose image somebody else has touched, or whose last apply
	// failed, until an apply after a refresh succeeds.
	broken [2]bool
	// damaged is an image that somebody took a platform from: no refresh looks for that, and
	// only the copy of another image mends it.
	damaged string
	// source and target are the repositories, with one connection for a walk.
	source, target *remote.Repository
}

// Whatever happens, in whatever order: after an apply that succeeds there is nothing left
// to do, and no apply of one resource takes anything from the other.
func TestImageWalk(t *testing.T) {
	randomwalk.SetDefaults(t, map[string]string{"rapid.checks": "200", "rapid.shrinktime": "5s"})
	rapid.Check(t, func(r *rapid.T) {
		c := startCopies(t, mockserver.Options{})
		c.dockerLogin()
		for _, cloud := range []*acctest.Cloud{c.ours, c.theirs} {
			cloud.Client = &http.Client{Transport: mockserver.InMemory{Handler: cloud.Server}}
		}
		randomwalk.InBubble(t, func(t *testing.T) {
			c.t = t
			c.provider = c.run()
			w := &imageWalk{T: r, copies: c, resources: [2]*protocoltest.Resource{c.image(), c.image()}}
			w.source, w.target = open(t, w.theirs, "europe", "base"), open(t, w.ours, "europe", "mirror/base")
			w.platform = w.children(w.source, w.pushes("v1", 0))[0]
			w.pushes("v2", 1)
			r.Repeat(map[string]func(*rapid.T){
				"apply": w.applies, "destroy": w.destroys, "source": w.sourceMoves, "registry": w.registryChanges, "import": w.imports,
				"both": w.runsBoth, "": w.check,
			})
		})
	})
}

// pushes gives a tag of the source an image.
func (w *imageWalk) pushes(tag string, i int) (digest string) {
	platforms := [][]string{{"linux/amd64", "linux/arm64"}, {"linux/amd64", "linux/s390x"}, {"linux/amd64", "linux/arm64", "linux/386"}}
	return push(w.t, w.theirs, "europe", "base", tag, platforms[i]...).Digest.String()
}

// digestOf is the digest that a tag or digest refers to, empty if there is none.
func (w *imageWalk) digestOf(repository *remote.Repository, reference string) string {
	found, err := repository.Resolve(w.t.Context(), reference)
	if err != nil && !errors.Is(err, errdef.ErrNotFound) {
		w.Fatal(err)
	}
	return found.Digest.String()
}

// children are the digests of the images in an index. Those that are missing are empty.
func (w *imageWalk) children(repository *remote.Repository, reference string) (digests []string) {
	descriptor, reader, err := repository.Manifests().FetchReference(w.t.Context(), reference)
	if err != nil {
		w.Fatal(err)
	}
	defer reader.Close()
	manifest, err := content.ReadAll(reader, descriptor)
	if err != nil {
		w.Fatal(err)
	}
	var index ocispec.Index
	if err := json.Unmarshal(manifest, &index); err != nil {
		w.Fatal(err)
	}
	for _, child := range index.Manifests {
		digests = append(digests, w.digestOf(repository, child.Digest.String()))
	}
	return digests
}

func (w *imageWalk) which() int { return rapid.IntRange(0, 1).Draw(w.T, "resource") }

func (w *imageWalk) applies(*rapid.T) {
	i := w.which()
	w.run(i, w.draw(i))
}

// draw returns a configuration of a resource.
func (w *imageWalk) draw(i int) map[string]any {
	source, tags := []string{":v1", ":v2"}, []any{nil, []any{"v1"}, []any{"stable", "v1"}, []any{"stable"}}
	if i == 1 {
		source, tags = []string{"@" + w.platform}, []any{[]any{"amd64"}, []any{"amd64", "small"}}
	}
	config := w.config(rapid.SampledFrom(source).Draw(w.T, "source"), map[string]any{"tags": rapid.SampledFrom(tags).Draw(w.T, "tags")})
	if i == 0 {
		config["platforms"] = rapid.SampledFrom([]any{nil, []any{"linux/amd64"}}).Draw(w.T, "platforms")
		config["follow_tag"] = rapid.SampledFrom([]any{nil, true}).Draw(w.T, "follow_tag")
	}
	return config
}

func (w *imageWalk) destroys(*rapid.T) { w.run(w.which(), nil) }

// run applies a configuration, nil to destroy, perhaps without a refresh or with a fault.
func (w *imageWalk) run(i int, config map[string]any) {
	if config == nil && w.resources[i].State() == nil {
		w.Skip("there is nothing")
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	refreshes := rapid.IntRange(0, 3).Draw(w.T, "refreshes") > 0
	failing := w.fault(cancel)
	diags := apply(ctx, w.resources[i], config, refreshes)
	w.ours.InterceptRegistry(nil)
	w.theirs.InterceptRegistry(nil)
	w.judge(i, config, diags, refreshes, failing)
}

// runsBoth applies a configuration of each resource at the same time.
func (w *imageWalk) runsBoth(*rapid.T) {
	configs := [2]map[string]any{}
	for i := range configs {
		if w.resources[i].State() == nil || rapid.Bool().Draw(w.T, "applies") {
			configs[i] = w.draw(i)
		}
	}
	var both sync.WaitGroup
	var diags [2]protocoltest.Diags
	for i := range configs {
		both.Go(func() { diags[i] = apply(context.Background(), w.resources[i], configs[i], true) })
	}
	both.Wait()
	for i := range configs {
		w.judge(i, configs[i], diags[i], true, false)
	}
}

// judge is what is true after an apply.
func (w *imageWalk) judge(i int, config map[string]any, diags protocoltest.Diags, refreshed, failing bool) {
	ctx, r := context.Background(), w.resources[i]
	if text := diags.String(); strings.Contains(text, "inconsistent") || strings.Contains(text, "cf_secret_") {
		w.Fatalf("it is not as planned, or shows a secret: %s", text)
	}
	if diags.HasError() {
		if !failing && !w.broken[0] && !w.broken[1] {
			w.Fatalf("it fails without a cause: %s", diags)
		}
		w.broken[i] = true
		return
	}
	w.broken[i] = failing || w.broken[i] && !refreshed
	// A refresh follows a tag only when the state says so.
	isNew := config["follow_tag"] != nil && w.configs[i]["follow_tag"] == nil
	if w.configs[i] = config; config == nil || failing {
		return
	}
	for _, refreshes := range []bool{false, true} {
		if refreshes && (isNew || !refreshed) {
			break
		}
		if refreshes {
			if again := r.Refresh(ctx); again.HasError() {
				w.Fatalf("the next refresh fails: %s", again)
			}
		}
		if plan, again := r.Plan(ctx, config); again.HasError() || !reflect.DeepEqual(plan, r.State()) {
			w.Fatalf("the next plan, after a refresh: %t, is %v of %v: %s", refreshes, plan, r.State(), again)
		}
	}
}

// fault lets a request to one of the registries fail, in one of the ways of the matrix.
func (w *imageWalk) fault(interrupt func()) (isSet bool) {
	at := rapid.IntRange(-20, 25).Draw(w.T, "request that fails")
	if at < 1 {
		return false
	}
	fault, isFault := faults[rapid.SampledFrom(append(slices.Sorted(maps.Keys(faults)), "interrupt")).Draw(w.T, "fault")]
	cloud := rapid.SampledFrom([]*acctest.Cloud{w.ours, w.ours, w.theirs}).Draw(w.T, "registry")
	var n atomic.Int32
	cloud.InterceptRegistry(func(registry http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			switch isIt := int(n.Add(1)) == at; {
			case isIt && isFault:
				fault(registry, rw, r)
				return
			case isIt:
				interrupt()
			}
			registry.ServeHTTP(rw, r)
		})
	})
	return true
}

// sourceMoves gives a tag of the source another image.
func (w *imageWalk) sourceMoves(*rapid.T) {
	w.pushes(rapid.SampledFrom([]string{"v1", "v2"}).Draw(w.T, "tag"), rapid.IntRange(0, 2).Draw(w.T, "image"))
}

// registryChanges is what somebody does to the copies.
func (w *imageWalk) registryChanges(*rapid.T) {
	i := w.which()
	digest := w.resources[i].Text("digest")
	if digest == "" || w.digestOf(w.target, digest) == "" {
		w.Skip("there is nothing")
	}
	tokentest.CallRegistry(w.t, w.ours, http.MethodDelete, w.ourHost(), "/v2/mirror/base/manifests/"+digest)
	w.broken = [2]bool{true, true} // the other one may need it
	w.damaged = w.resources[0].Text("digest")
}

// imports forgets a resource and imports it by its digest.
func (w *imageWalk) imports(*rapid.T) {
	i := w.which()
	digest := w.resources[i].Text("digest")
	if digest == "" || w.broken[i] {
		w.Skip("there is nothing")
	}
	if diags := w.resources[i].Import(context.Background(), w.ourHost()+"/mirror/base@"+digest); diags.HasError() {
		w.Fatalf("the import of %s fails: %s", digest, diags)
	}
	w.broken[i] = true // the next apply may change what is not known
}

// check is what is true after each step.
func (w *imageWalk) check(*rapid.T) {
	for i, r := range w.resources {
		if r.State() == nil || w.broken[i] {
			continue
		}
		if len(r.Identity()) == 0 {
			w.Fatalf("it has no identity: %v", r.State())
		}
		digest := r.Text("digest")
		if w.digestOf(w.target, digest) == "" {
			w.Fatalf("the image %s of resource %d is gone", digest, i)
		}
		for _, child := range w.children(w.target, digest) {
			if child == "" && digest != w.damaged {
				w.Fatalf("the image %s of resource %d has lost a platform", digest, i)
			}
		}
		tags, _ := r.State()["tags"].([]any)
		for _, tag := range tags {
			if is := w.digestOf(w.target, fmt.Sprint(tag)); is != digest {
				w.Fatalf("the tag %s of resource %d is %q, not %s", tag, i, is, digest)
			}
		}
	}
}
