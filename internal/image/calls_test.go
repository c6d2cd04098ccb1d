package image_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
)

var platforms = []string{
	"linux/386", "linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/arm64", "linux/ppc64le", "linux/riscv64", "linux/s390x",
}

// readImages reads tags of repositories, ten at a time as Terraform does, in one run.
func readImages(t *testing.T, cloud *acctest.Cloud, network http.RoundTripper, images [][2]string) {
	t.Helper()
	p := protocoltest.StartOver(t, network, cloud, map[string]any{"registry_domain": cloud.RegistryDomain, "max_retries": 4})
	var group sync.WaitGroup
	todo := make(chan [2]string)
	for range 10 {
		group.Go(func() {
			for image := range todo {
				got, diags := p.Data(t.Context(), "cloudfleet_registry_image", map[string]any{"repository": image[0], "tag": image[1]})
				if diags.HasError() || got["digest"] == nil {
					t.Errorf("%v: %v, %v", image, got, diags)
				}
			}
		})
	}
	for _, image := range images {
		todo <- image
	}
	close(todo)
	group.Wait()
}

// count returns the number of registry requests whose path has this part, and how many of
// them had the status.
func count(cloud *acctest.Cloud, part string, status int) (all, of int) {
	for _, r := range cloud.RegistryRequests() {
		if strings.Contains(r.Path, part) {
			all++
			if r.Status == status {
				of++
			}
		}
	}
	return all, of
}

func TestOneManifestRequestForAnyNumberOfPlatforms(t *testing.T) {
	t.Parallel()
	for challenge, bearer := range map[string]bool{"Basic": false, "Bearer": true} {
		cloud := acctest.Start(t, mockserver.Options{RegistryBearer: bearer})
		push(t, cloud, "europe", "app", "v1", platforms...)
		cloud.ForgetRequests()
		readImages(t, cloud, nil, [][2]string{{"app", "v1"}})
		if manifests, _ := count(cloud, "/manifests/", 0); manifests != 1 {
			t.Errorf("%s: %v", challenge, cloud.RegistryRequests())
		}
	}
}

func TestOneLoginForThirtyTags(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{RegistryBearer: true})
	var images [][2]string
	for i := range 30 {
		images = append(images, [2]string{"app", fmt.Sprintf("v%d", i)})
		push(t, cloud, "europe", "app", images[i][1], "linux/amd64", "linux/arm64")
	}
	cloud.ForgetRequests()
	readImages(t, cloud, nil, images)
	manifests, _ := count(cloud, "/manifests/", 0)
	logins, _ := count(cloud, "/token", 0)
	if manifests != 30 || logins != 1 {
		t.Errorf("%d manifest requests and %d logins: %v", manifests, logins, cloud.RegistryRequests())
	}
}

// With a rate limit, all images are read, in little more time than the limit allows.
func TestImagesUnderARateLimit(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	var images [][2]string
	for i := range 60 {
		images = append(images, [2]string{fmt.Sprintf("app-%d", i), "v1"})
		push(t, cloud, "europe", images[i][0], "v1", "linux/amd64", "linux/arm64")
	}
	cloud.ForgetRequests()
	const perSecond = 5
	synctest.Test(t, func(t *testing.T) {
		cloud.LimitRate(perSecond)
		begin := time.Now()
		readImages(t, cloud, mockserver.InMemory{Handler: cloud.Server}, images)
		all, refused := count(cloud, "/v2/", http.StatusTooManyRequests)
		ideal := time.Duration(all-refused) * time.Second / perSecond
		if took := time.Since(begin); took > ideal*115/100 || all-refused < len(images) {
			t.Errorf("took %s of %s, with %d of %d requests refused", took, ideal, refused, all)
		}
	})
}
