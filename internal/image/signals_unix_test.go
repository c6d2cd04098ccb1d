//go:build unix

package image_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// A copy that a signal ends at any of its requests is made by the next apply, after which
// the plan is empty.
func TestAccSignals(t *testing.T) {
	t.Parallel()
	processes := acctest.NewProcesses(t, acctest.Core)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGKILL} {
		for name, isRequest := range map[string]func(*http.Request) bool{
			"layer": func(r *http.Request) bool {
				return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/blobs/")
			},
			"manifest": func(r *http.Request) bool {
				return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/sha256:")
			},
			"tag": func(r *http.Request) bool {
				return r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/manifests/v1")
			},
		} {
			t.Run(fmt.Sprintf("%s/%s", signal, name), func(t *testing.T) {
				t.Parallel()
				cloud := acctest.Start(t, mockserver.Options{})
				pushed := push(t, cloud, "apac", "base", "v1", "linux/amd64", "linux/arm64")
				folder := processes.Folder(t, cloud, fmt.Sprintf(`
resource "cloudfleet_registry_image" "base" {
  source          = "%s.apac.%s/base:v1"
  source_username = %q
  source_password = %q
  repository      = "mirror/base"
}
`, cloud.OrganizationID, cloud.RegistryDomain, cloud.TokenID, cloud.TokenSecret))
				folder.Env = append(folder.Env, "CLOUDFLEET_REGISTRY_DOMAIN="+cloud.RegistryDomain, "DOCKER_CONFIG="+t.TempDir())

				started, signalled := make(chan int, 1), make(chan struct{})
				var once sync.Once
				cloud.InterceptRegistry(func(registry http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if isRequest(r) {
							once.Do(func() {
								group := -<-started
								close(signalled) // before the CLI can end
								_ = syscall.Kill(group, signal)
							})
						}
						registry.ServeHTTP(w, r)
					})
				})
				cmd := folder.Command(t.Context(), "apply", "-auto-approve", "-no-color")
				cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
				var out bytes.Buffer
				cmd.Stdout, cmd.Stderr = &out, &out
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				started <- cmd.Process.Pid
				_ = cmd.Wait() // it may have been at its end
				select {
				case <-signalled:
				default:
					t.Fatalf("there was no such request\n%s", &out)
				}

				for _, args := range [][]string{{"apply", "-auto-approve"}, {"plan", "-detailed-exitcode"}} {
					if again, err := folder.Command(t.Context(), append(args, "-no-color")...).CombinedOutput(); err != nil {
						t.Fatalf("%v: %v\n%s\nafter\n%s", args, err, again, &out)
					}
				}
				if state, err := folder.Run(t.Context(), "show", "-json"); err != nil || !bytes.Contains(state, []byte(pushed.Digest)) {
					t.Errorf("the state is %s, %v", state, err)
				}
			})
		}
	}
}
