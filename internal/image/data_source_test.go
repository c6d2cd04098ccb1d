package image_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/testimage"
)

func imageOf(region, repository, tag string) string {
	return fmt.Sprintf(
		"data \"cloudfleet_registry_image\" \"this\" {\n  region = %q\n  repository = %q\n  tag = %q\n}\n",
		region,
		repository,
		tag,
	)
}

func repositoriesOf(region string) string {
	return fmt.Sprintf("data \"cloudfleet_registry_repositories\" \"this\" {\n  region = %q\n}\n", region)
}

// push pushes an image as the provider's own token.
func push(t *testing.T, cloud *acctest.Cloud, region, repository, tag string, platforms ...string) ocispec.Descriptor {
	t.Helper()
	pushed, err := testimage.Write(t.Context(), open(t, cloud, region, repository), tag, platforms...)
	if err != nil {
		t.Fatal(err)
	}
	return pushed
}

// open opens a repository as the provider's own token, without a network.
func open(t *testing.T, cloud *acctest.Cloud, region, name string) *remote.Repository {
	t.Helper()
	host := cloud.OrganizationID + "." + region + "." + cloud.RegistryDomain
	repository, err := testimage.Repository(cloud.URL, host, name, cloud.TokenID, cloud.TokenSecret)
	if err != nil {
		t.Fatal(err)
	}
	repository.Client.(*auth.Client).Client = //nolint:forcetypeassert // it is one
		&http.Client{Transport: mockserver.InMemory{Handler: cloud.Server}}
	return repository
}

func isImage(cloud *acctest.Cloud, region, repository string, pushed ocispec.Descriptor, platforms ...string) []statecheck.StateCheck {
	const address = "data.cloudfleet_registry_image.this"
	names := []knownvalue.Check{}
	for _, name := range platforms {
		names = append(names, knownvalue.StringExact(name))
	}
	reference := fmt.Sprintf("%s.%s.%s/%s@%s", cloud.OrganizationID, region, cloud.RegistryDomain, repository, pushed.Digest)
	return []statecheck.StateCheck{
		statecheck.ExpectKnownValue(address, tfjsonpath.New("digest"), knownvalue.StringExact(pushed.Digest.String())),
		statecheck.ExpectKnownValue(address, tfjsonpath.New("image"), knownvalue.StringExact(reference)),
		statecheck.ExpectKnownValue(address, tfjsonpath.New("region"), knownvalue.StringExact(region)),
		statecheck.ExpectKnownValue(address, tfjsonpath.New("platforms"), knownvalue.ListExact(names)),
	}
}

func areRepositories(names ...string) []statecheck.StateCheck {
	checks := []knownvalue.Check{}
	for _, name := range names {
		checks = append(checks, knownvalue.StringExact(name))
	}
	return []statecheck.StateCheck{
		statecheck.ExpectKnownValue("data.cloudfleet_registry_repositories.this", tfjsonpath.New("names"), knownvalue.ListExact(checks)),
	}
}

func TestAccRegistryImage(t *testing.T) {
	for challenge, options := range map[string]mockserver.Options{"Basic": {}, "Bearer": {RegistryBearer: true}} {
		t.Run(challenge, func(t *testing.T) {
			cloud := acctest.Start(t, options)
			many := push(t, cloud, "europe", "shop/checkout", "v1.4.2", "linux/arm/v7", "linux/amd64", "linux/arm64")
			one := push(t, cloud, "apac", "shop/checkout", "v1.4.2", "linux/amd64")
			for _, tag := range []string{"v1.4.1", "v1.3.0", "nightly", "edge"} {
				push(t, cloud, "europe", "shop/checkout", tag, "linux/amd64")
			}
			cloud.Run(t,
				resource.TestStep{
					Config:      imageOf("europe", "shop/checkout", string(many.Digest)),
					ExpectError: regexp.MustCompile(`(?s)Invalid tag.*is\s+not\s+a\s+tag`),
				},
				resource.TestStep{
					Config:      imageOf("europe", "Shop", "v1"),
					ExpectError: regexp.MustCompile(`(?s)Invalid repository.*is\s+not\s+the\s+name\s+of\s+a\s+repository`),
				},
				resource.TestStep{
					Config:            imageOf("europe", "shop/checkout", "v1.4.2"),
					ConfigStateChecks: isImage(cloud, "europe", "shop/checkout", many, "linux/amd64", "linux/arm/v7", "linux/arm64"),
				},
				resource.TestStep{
					Config:            imageOf("apac", "shop/checkout", "v1.4.2"),
					ConfigStateChecks: isImage(cloud, "apac", "shop/checkout", one, "linux/amd64"),
				},
				resource.TestStep{
					Config:      imageOf("europe", "shop/checkout", "v1.4.3"),
					ExpectError: regexp.MustCompile(`(?s)No such tag.*tag = "v1.4.3".*no\s+tag\s+"v1.4.3".*v1\.4\.1,\s+v1\.4\.2,\s+v1\.3\.0\..*push`),
				},
				resource.TestStep{
					Config: imageOf("europe", "shop/chekout", "v1.4.2"),
					ExpectError: regexp.MustCompile(
						`(?s)No such repository.*repository = "shop/chekout".*Nearest\s+to\s+it:\s+shop/checkout\.`,
					),
				},
				resource.TestStep{
					Config:      imageOf("northamerica", "shop/checkout", "v1.4.2"),
					ExpectError: regexp.MustCompile(`(?s)No such repository.*There\s+is\s+no\s+repository\s+at\s+all`),
				},
			)
			ours := 0
			for _, r := range cloud.RegistryRequests() {
				if strings.HasPrefix(r.UserAgent, "terraform-provider-cloudfleet/test (Terraform/") {
					ours++
					if r.IsWrite() {
						t.Errorf("the provider writes: %s", r)
					}
				}
			}
			if ours == 0 {
				t.Error("the provider does not say who it is")
			}
		})
	}
}

// A moved tag refers to the other image from then on.
func TestAccRegistryImageOfAMovedTag(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	first := push(t, cloud, "europe", "app", "latest", "linux/amd64")
	var second ocispec.Descriptor
	checks := isImage(cloud, "europe", "app", first, "linux/amd64")
	cloud.Run(t,
		resource.TestStep{Config: imageOf("europe", "app", "latest"), ConfigStateChecks: checks},
		resource.TestStep{
			PreConfig: func() {
				second = push(t, cloud, "europe", "app", "latest", "linux/s390x")
				copy(checks, isImage(cloud, "europe", "app", second, "linux/s390x"))
			},
			Config:            imageOf("europe", "app", "latest"),
			ConfigStateChecks: checks,
		},
	)
}

func TestAccRegistryRepositories(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{RegistryBearer: true})
	var names []string
	for i := range 101 {
		names = append(names, fmt.Sprintf("team/app-%03d", i))
		push(t, cloud, "europe", names[i], "v1", "linux/amd64")
	}
	cloud.Run(t,
		resource.TestStep{Config: repositoriesOf("mars"), ExpectError: regexp.MustCompile(`"mars" is not a region`)},
		resource.TestStep{Config: repositoriesOf("europe"), ConfigStateChecks: areRepositories(names...)},
		resource.TestStep{Config: repositoriesOf("apac"), ConfigStateChecks: areRepositories()},
	)
}

func TestAccRegistryAsUser(t *testing.T) {
	for challenge, options := range map[string]mockserver.Options{"Basic": {}, "Bearer": {RegistryBearer: true}} {
		t.Run(challenge, func(t *testing.T) {
			cloud := acctest.Start(t, options)
			pushed := push(t, cloud, "europe", "app", "v1", "linux/amd64")
			client, err := cloudfleet.New(
				cloudfleet.Options{Endpoint: cloud.Endpoint, AccessTokenID: cloud.TokenID, AccessTokenSecret: cloud.TokenSecret},
			)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.UpdateToken(
				t.Context(),
				cloud.TokenID,
				cloudfleet.TokenSettings{Name: "user", Role: cloudfleet.RoleUser},
			); err != nil {
				t.Fatal(err)
			}
			resource.ParallelTest(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.Factories,
				Steps: []resource.TestStep{{
					Config:            cloud.ProviderBlock() + imageOf("europe", "app", "v1") + repositoriesOf("europe"),
					ConfigStateChecks: append(isImage(cloud, "europe", "app", pushed, "linux/amd64"), areRepositories("app")...),
				}},
			})
		})
	}
}

func TestAccRegistryRefuses(t *testing.T) {
	for challenge, options := range map[string]mockserver.Options{"Basic": {}, "Bearer": {RegistryBearer: true}} {
		t.Run(challenge, func(t *testing.T) {
			cloud := acctest.Start(t, options)
			stranger := cloud.AddOrganization("Another")
			refused := regexp.MustCompile(`(?s)Could not (read the image app:v1|list the repositories).*401\s+Unauthorized\s+\(UNAUTHORIZED\)` +
				`.*organization_id.*CLOUDFLEET_ACCESS_TOKEN_SECRET`)
			place := []string{fmt.Sprintf("organization_id = %q", cloud.OrganizationID), fmt.Sprintf("registry_domain = %q", cloud.RegistryDomain)}
			resource.ParallelTest(t, resource.TestCase{
				ProtoV6ProviderFactories: acctest.Factories,
				Steps: []resource.TestStep{
					{Config: cloud.ProviderBlockFor(cloud.TokenID, "cf_secret_wrong") + imageOf("europe", "app", "v1"), ExpectError: refused},
					{Config: cloud.ProviderBlockFor(stranger.TokenID, stranger.TokenSecret) + repositoriesOf("europe"), ExpectError: refused},
					{
						Config:      provider(place...) + repositoriesOf("europe"),
						ExpectError: regexp.MustCompile(`(?s)no\s+access\s+token.*CLOUDFLEET_ACCESS_TOKEN_ID`),
					},
					{
						Config:      provider(place[1]) + repositoriesOf("europe"),
						ExpectError: regexp.MustCompile(`(?s)No organization.*CLOUDFLEET_ORGANIZATION_ID`),
					},
					{
						Config: strings.Replace(cloud.ProviderBlock(), cloud.RegistryDomain, "localhost:1", 1) + repositoriesOf("europe"),
						ExpectError: regexp.MustCompile(`(?s)Could not list the repositories.*\.europe\.localhost:1\s+failed:.*connection\s+refused.*` +
							`registry_domain`),
					},
					{
						Config: "resource \"terraform_data\" \"late\" {\n  input = \"cf_secret_late\"\n}\n" +
							strings.Replace(cloud.ProviderBlock(), fmt.Sprintf("%q", cloud.TokenSecret), "terraform_data.late.output", 1) +
							repositoriesOf("europe"),
						ExpectError: regexp.MustCompile(`(?s)Could not list the repositories.*known\s+only\s+after\s+apply.*-target`),
					},
				},
			})
		})
	}
}

func provider(arguments ...string) string {
	return "provider \"cloudfleet\" {\n  " + strings.Join(arguments, "\n  ") + "\n}\n"
}
