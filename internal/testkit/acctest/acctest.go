// Package acctest runs the provider under a real Terraform CLI, against a mock server
// that checks every call against the contract.
package acctest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/echoprovider"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/provider"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/contract"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// The environment must not influence the results.
func init() {
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		switch {
		case strings.HasPrefix(name, "TF_ACC"), strings.HasPrefix(name, "TF_LOG"):
		case strings.HasPrefix(name, "TF_"), strings.HasPrefix(name, "CLOUDFLEET_"):
			must(os.Unsetenv(name))
		}
	}
	must(os.Setenv("TF_CLI_CONFIG_FILE", os.DevNull))
	must(os.Setenv("CHECKPOINT_DISABLE", "1")) // nothing leaves the machine
	// CLIs are short-lived: they start faster on one processor and without garbage
	// collection.
	must(os.Setenv("GOMAXPROCS", "1"))
	must(os.Setenv("GOGC", "off"))
	cloudfleet.LagTime = 0 // the mock server does not lag unless a test makes it
	if os.Getenv(resource.EnvTfAcc) != "" {
		must(chooseCLI())
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// chooseCLI chooses the CLI of the tests, so that none is downloaded, and the registry
// host of its providers.
func chooseCLI() error {
	const variable = "TF_ACC_TERRAFORM_PATH"
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil && os.Getenv(variable) == "" {
			if err := os.Setenv(variable, path); err != nil {
				return err
			}
		}
	}
	if os.Getenv(variable) == "" {
		return errors.New("there is neither terraform nor tofu on the PATH: run `make test`, which builds one")
	}
	version, err := exec.Command(os.Getenv(variable), "version").Output()
	if err != nil {
		return fmt.Errorf("%s: %w", variable, err)
	}
	if strings.HasPrefix(string(version), "OpenTofu") {
		return os.Setenv(resource.EnvTfAccProviderHost, tofuHost)
	}
	return nil
}

// tofuHost is the registry of OpenTofu.
const tofuHost = "registry.opentofu.org"

// Factories serve the provider inside the test, and the provider echo, whose resource
// stores its configuration in the state.
var Factories = map[string]func() (tfprotov6.ProviderServer, error){
	"cloudfleet": providerserver.NewProtocol6WithError(provider.New("test")()),
	"echo":       echoprovider.NewProviderServer(),
}

// Cloud is a mock server for one test, with one organization.
type Cloud struct {
	*mockserver.Server
	mockserver.Credentials
	// URL is the address of the mock server, and Endpoint that of its API.
	URL, Endpoint string
	// RegistryDomain is the end of its registries' host names.
	RegistryDomain string
	// Client calls it.
	Client  *http.Client
	secrets *secrets
}

// Start starts a mock server, which stops with the test. A call that violates the
// contract is an error of the test.
func Start(t *testing.T, o mockserver.Options) *Cloud {
	t.Helper()
	return start(t, o, (*httptest.Server).Start)
}

// StartHTTP2 is Start, over TLS and HTTP/2, with the certificate that test servers of
// the standard library have.
func StartHTTP2(t *testing.T, o mockserver.Options) *Cloud {
	t.Helper()
	return start(t, o, func(s *httptest.Server) {
		s.EnableHTTP2 = true
		s.StartTLS()
	})
}

// StartInMemory is Start without a network, for testing/synctest.
func StartInMemory(t *testing.T, o mockserver.Options) *Cloud {
	t.Helper()
	c := newCloud(t, o)
	c.URL, c.Client = "http://127.0.0.1", &http.Client{Transport: mockserver.InMemory{Handler: c.Server}}
	c.Endpoint = c.URL + "/v1"
	return c
}

func newCloud(t *testing.T, o mockserver.Options) *Cloud {
	t.Helper()
	hold, issued := contract.Hold(t), &secrets{}
	o.Wrap = func(api http.Handler) http.Handler { return hold(issued.note(api)) }
	server := mockserver.New(o)
	return &Cloud{Server: server, Credentials: server.AddOrganization("Test"), Client: http.DefaultClient, secrets: issued}
}

func start(t *testing.T, o mockserver.Options, listen func(*httptest.Server)) *Cloud {
	t.Helper()
	c := newCloud(t, o)
	listener := httptest.NewUnstartedServer(c.Server)
	listen(listener)
	t.Cleanup(listener.Close)
	c.URL, c.Endpoint = listener.URL, listener.URL+"/v1"
	c.RegistryDomain = strings.Replace(listener.Listener.Addr().String(), "127.0.0.1", "localhost", 1)
	return c
}

// ProviderBlock is a provider configuration with an Administrator's credentials.
func (c *Cloud) ProviderBlock() string {
	return c.ProviderBlockFor(c.TokenID, c.TokenSecret)
}

// ProviderBlockFor is a provider configuration with these credentials. It has no retries,
// so that injected faults show.
func (c *Cloud) ProviderBlockFor(tokenID, tokenSecret string) string {
	return fmt.Sprintf(`
provider "cloudfleet" {
  endpoint            = %q
  organization_id     = %q
  access_token_id     = %q
  access_token_secret = %q
  registry_domain     = %q
  max_retries         = 0
}
`, c.Endpoint, c.OrganizationID, tokenID, tokenSecret, c.RegistryDomain)
}

// Run runs the steps in parallel with other tests, with ProviderBlock before each
// configuration, and checks that nothing is left at the end.
func (c *Cloud) Run(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	c.RunWith(t, Core, steps...)
}

// RunWith is Run, skipped under a CLI without the feature.
func (c *Cloud) RunWith(t *testing.T, f Feature, steps ...resource.TestStep) {
	t.Helper()
	Need(t, f)
	for i := range steps {
		if steps[i].Config != "" {
			steps[i].Config = c.ProviderBlock() + steps[i].Config
		}
	}
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: Factories,
		Steps:                    steps,
		CheckDestroy:             c.CheckDestroy,
	})
}

// CheckDestroy reports tokens other than the provider's own.
func (c *Cloud) CheckDestroy(*terraform.State) error {
	if tokens := c.Issued(); len(tokens) > 0 {
		return fmt.Errorf("left at the mock server: %v", tokens)
	}
	return nil
}

// Issued returns the tokens other than the provider's own, oldest first.
func (c *Cloud) Issued() []mockserver.Token {
	return c.Tokens(c.OrganizationID)[1:]
}

// Writes returns the requests that could have changed something.
func (c *Cloud) Writes() []string {
	writes := []string{}
	for _, r := range c.Requests() {
		if r.IsWrite() {
			writes = append(writes, r.String())
		}
	}
	return writes
}
