package acctest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// Feature is a feature of newer CLIs: from these versions on. A CLI without a version
// does not have it. All have the zero Feature.
type Feature struct{ Name, Terraform, OpenTofu string }

// The features that tests need. The guide "Installing" has the same table.
var (
	Core       = Feature{}
	Mocks      = Feature{"mocks of providers", "1.8", "1.8"}
	Functions  = Feature{"functions", "1.8", "1.8"}
	Moves      = Feature{"moves between types", "1.8", "1.10"}
	Removals   = Feature{"removed blocks with a lifecycle", "1.8", "1.10"}
	Generation = Feature{"generated configurations of nested attributes", "1.8", "1.10"}
	Ephemerals = Feature{"ephemeral resources", "1.10", "1.11"}
	WriteOnly  = Feature{"write-only arguments", "1.11", "1.11"}
	Identities = Feature{"import by identity", "1.12", "1.12"}
	Queries    = Feature{"query", "1.14", ""}
	Actions    = Feature{"actions", "1.14", ""}
	OCIMirrors = Feature{"OCI mirrors", "", "1.10"}
)

// cli is the CLI under test.
type cli struct {
	tofu    bool
	version *version.Version
}

// theCLI reads the CLI's version once.
var theCLI = sync.OnceValues(func() (cli, error) {
	out, err := exec.Command(os.Getenv("TF_ACC_TERRAFORM_PATH"), "version", "-json").Output()
	if err != nil {
		return cli{}, err
	}
	var answer struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		return cli{}, err
	}
	v, err := version.NewVersion(answer.Version)
	return cli{os.Getenv(resource.EnvTfAccProviderHost) == tofuHost, v}, err
})

// Need skips a test if acceptance tests are off, or if the CLI does not have the feature.
func Need(t *testing.T, f Feature) {
	t.Helper()
	if os.Getenv(resource.EnvTfAcc) == "" {
		t.Skip("acceptance tests run with TF_ACC=1")
	}
	c, err := theCLI()
	if err != nil {
		t.Fatal(err)
	}
	if reason := c.lacks(f); reason != "" {
		t.Skip(reason)
	}
}

// lacks returns why the CLI does not have the feature, empty if it does.
func (c cli) lacks(f Feature) string {
	name, since := "Terraform", f.Terraform
	if c.tofu {
		name, since = "OpenTofu", f.OpenTofu
	}
	if f == Core {
		return ""
	}
	if since == "" {
		return name + " has no " + f.Name
	}
	if c.version.Core().LessThan(version.Must(version.NewVersion(since))) {
		return fmt.Sprintf("%s %s has no %s: that needs %s", name, c.version, f.Name, since)
	}
	return ""
}
