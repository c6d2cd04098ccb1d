package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/terraformcli"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/testimage"
)

const mebi = 1 << 20

// BenchmarkCopy copies images between two registries of CNCF Distribution, the target
// empty, with the provider, with skopeo and with crane, each a program of its own. What
// the provider takes is that of a whole `terraform apply`. Beside the time, it reports the
// processor time of the programs, and what the target received.
func BenchmarkCopy(b *testing.B) {
	bin, skopeo := os.Getenv("BIN"), "skopeo"
	if _, err := exec.LookPath(skopeo); err != nil || bin == "" {
		b.Skip("run `make bench-images`, with skopeo on the PATH")
	}
	plugins := b.TempDir()
	if err := terraformcli.BuildProvider(b.Context(), plugins); err != nil {
		b.Fatal(err)
	}
	url, source := serveDistribution(b)
	images := map[string][]string{}
	push := func(set string, layers ...[]layer) {
		name := fmt.Sprintf("image-%d", len(images[set])+len(images)*100)
		images[set] = append(images[set], name)
		target, err := testimage.Repository(url, source, name, "", "")
		if err == nil {
			err = write(b, target, layers)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	const large, based = "3 images of 2 platforms, 200 MiB", "10 images with a base of 40 MiB"
	for i := range 3 {
		push(large, []layer{{uint64(2 * i), 200 * mebi / 6}}, []layer{{uint64(2*i + 1), 200 * mebi / 6}})
	}
	for i := range 10 {
		push(based, []layer{{99, 40 * mebi}, {uint64(100 + i), mebi}})
	}

	each := func(set, program, scheme string, args ...string) func(*testing.B, *target) []*exec.Cmd {
		return func(b *testing.B, to *target) (commands []*exec.Cmd) {
			home := b.TempDir() // skopeo remembers there what is where
			for _, name := range images[set] {
				command := exec.CommandContext(b.Context(), program,
					append(args, scheme+source+"/"+name+":v1", scheme+to.host+"/mirror/"+name+":v1")...)
				command.Env = append(os.Environ(), "HOME="+home, "XDG_RUNTIME_DIR="+home)
				commands = append(commands, command)
			}
			return commands
		}
	}
	for _, set := range []string{large, based} {
		for _, program := range []struct {
			name     string
			commands func(*testing.B, *target) []*exec.Cmd
		}{
			{"terraform apply", func(b *testing.B, to *target) []*exec.Cmd { return to.apply(b, plugins, source, images[set]) }},
			{"skopeo copy --all", each(set, skopeo, "docker://", "copy", "--all", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false")},
			{"crane copy", each(set, filepath.Join(bin, "crane"), "", "copy", "--insecure")},
		} {
			b.Run(set+"/"+program.name, func(b *testing.B) {
				var cpu time.Duration
				var received int64
				for range b.N {
					b.StopTimer()
					to := serveTarget(b)
					commands := program.commands(b, to)
					b.StartTimer()
					for _, command := range commands {
						if out, err := command.CombinedOutput(); err != nil {
							b.Fatalf("%s: %v\n%s", command, err, out)
						}
						cpu += command.ProcessState.UserTime() + command.ProcessState.SystemTime()
					}
					b.StopTimer()
					received += to.received.Load()
					to.Close()
					b.StartTimer()
				}
				b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
				b.ReportMetric(float64(received)/float64(b.N)/mebi, "MiB-sent/op")
			})
		}
	}
}

// target is Cloudfleet: the mock server's API, and CNCF Distribution as its registry.
type target struct {
	*httptest.Server
	host        string
	credentials mockserver.Credentials
	received    atomic.Int64
}

func serveTarget(b *testing.B) *target {
	b.Helper()
	api, registry := mockserver.New(mockserver.Options{}), newDistribution(b)
	to := &target{credentials: api.AddOrganization("Benchmark")}
	to.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/v2/") {
			api.ServeHTTP(w, r)
			return
		}
		r.Body = counted{r.Body, &to.received}
		registry.ServeHTTP(w, r)
	}))
	to.host = strings.TrimPrefix(to.URL, "http://")
	return to
}

type counted struct {
	io.ReadCloser
	n *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n.Add(int64(n))
	return n, err
}

func (to *target) apply(b *testing.B, plugins, source string, images []string) []*exec.Cmd {
	b.Helper()
	folder, err := terraformcli.New(b.TempDir(), os.Getenv("TF_ACC_TERRAFORM_PATH"), plugins)
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder.Dir, "main.tf"), fmt.Appendf(nil, `
terraform {
  required_providers {
    cloudfleet = { source = "cloudfleet/cloudfleet" }
  }
}

resource "cloudfleet_registry_image" "this" {
  for_each   = toset(["%s"])
  source     = "%s/${each.key}:v1"
  repository = "mirror/${each.key}"
}
`, strings.Join(images, `", "`), source), 0o600); err != nil {
		b.Fatal(err)
	}
	folder.Env = append(append(folder.Env, to.credentials.Environment(to.URL+"/v1")...),
		"CLOUDFLEET_REGISTRY_DOMAIN="+strings.Replace(to.host, "127.0.0.1", "localhost", 1))
	return []*exec.Cmd{folder.Command(b.Context(), "apply", "-auto-approve", "-no-color")}
}

// layer is one of random content, which is the same for the same seed.
type layer struct {
	seed uint64
	size int
}

// write pushes an image v1, with a manifest of these layers for each platform.
func write(b *testing.B, to oras.Target, platforms [][]layer) error {
	b.Helper()
	var pushErr error
	push := func(mediaType string, content []byte) ocispec.Descriptor {
		descriptor, err := oras.PushBytes(b.Context(), to, mediaType, content)
		if err != nil {
			pushErr = err
		}
		return descriptor
	}
	pushJSON := func(mediaType string, v any) ocispec.Descriptor {
		content, err := json.Marshal(v)
		if err != nil {
			pushErr = err
		}
		return push(mediaType, content)
	}
	index := ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex}
	for i, layers := range platforms {
		platform := ocispec.Platform{OS: "linux", Architecture: []string{"amd64", "arm64"}[i]}
		manifest := ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest}
		config := ocispec.Image{Platform: platform, RootFS: ocispec.RootFS{Type: "layers"}}
		for _, l := range layers {
			var content bytes.Buffer
			random := rand.NewChaCha8([32]byte{byte(l.seed)})
			if _, err := io.CopyN(&content, random, int64(l.size)); err != nil {
				return err
			}
			pushed := push(ocispec.MediaTypeImageLayer, content.Bytes())
			manifest.Layers = append(manifest.Layers, pushed)
			config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, digest.FromBytes(content.Bytes()))
		}
		manifest.Config = pushJSON(ocispec.MediaTypeImageConfig, config)
		pushed := pushJSON(ocispec.MediaTypeImageManifest, manifest)
		pushed.Platform = &platform
		index.Manifests = append(index.Manifests, pushed)
	}
	image := pushJSON(ocispec.MediaTypeImageIndex, index)
	if pushErr != nil {
		return pushErr
	}
	return to.Tag(b.Context(), image, "v1")
}
