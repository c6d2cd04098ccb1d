// Package examples has only tests: they apply the complete examples and validate those of
// the reference, under a real CLI and against a mock server.
//
// Stand-ins take the place of other vendors' providers. The tests check what these
// receive, and that Cloudfleet accepts it. They do not check that the real providers
// accept it as well: their further validation, their APIs, and their versions.
package examples_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/terraformcli"
)

const root = "../../../examples"

var (
	sourceArgument  = regexp.MustCompile(`source\s+= "(\S+)"`)
	requiredVersion = regexp.MustCompile(`required_version = "(.+)"`)
	variableBlock   = regexp.MustCompile(`(?m)^variable "(\w+)" \{\n(  .*\n)*`)
)

// reference are the folders with a layout of tfplugindocs. All others are complete
// examples.
var reference = []string{
	"actions", "data-sources", "ephemeral-resources", "functions", "list-resources", "provider", "resources",
}

// whole is what the test knows of a complete example.
type whole struct {
	// variables are its initial variables. A run adds generated ones.
	variables map[string]string
	// secrets says where its state has a secret in plain text, sorted: types of
	// resources, and "output". If it is empty, plans have none either.
	secrets []string
	// needs is the feature of the CLI that it needs, in addition to those of the
	// provider.
	needs acctest.Feature
	// left are names of tokens that exist after the end.
	left []string
	use  func(*run)
}

// run is an example in its own folder, as a user has copied it.
type run struct {
	*testing.T
	*terraformcli.Folder
	*vendors
	whole
	cloud *acctest.Cloud
	// asPrinted is set if the host names are the public ones.
	asPrinted bool
	// hidden is a value that must be in no plan and no state.
	hidden string
}

func TestAccWholeExamples(t *testing.T) {
	t.Parallel()
	newFolder := folders(t)
	found := findWholes(t)
	if want := slices.Sorted(maps.Keys(wholes)); !slices.Equal(found, want) {
		t.Fatalf("There are the examples %q, and the test knows %q.", found, want)
	}
	for name, example := range wholes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, newFolder, name, example)
			example.use(r)
			r.finish()
		})
	}
}

// start copies an example into a folder, with a stand-in for each other provider that it
// uses, except for real ones.
func start(t *testing.T, newFolder func(*testing.T) *terraformcli.Folder, name string, example whole, realProviders ...string) *run {
	t.Helper()
	config := read(t, filepath.Join(root, name, "main.tf"))
	checkForm(t, config)
	acctest.Need(t, example.needs)
	// Its secrets are old enough for verify_secret.
	cloud := acctest.Start(t, mockserver.Options{Now: func() time.Time { return time.Now().Add(-10 * time.Minute) }})
	folder := newFolder(t)
	must(t, os.CopyFS(folder.Dir, os.DirFS(filepath.Join(root, name))))
	r := &run{T: t, Folder: folder, vendors: newVendors(t), whole: example, cloud: cloud}
	used := map[string]*standIn{}
	for _, address := range addresses(config) {
		if slices.Contains(realProviders, address) {
			continue
		}
		if used[address] = r.standIns()[address]; used[address] == nil {
			t.Fatalf("there is no stand-in for the provider %s", address)
		}
	}
	folder.Env = append(append(folder.Env, reattach(t, used)), cloud.Environment(cloud.Endpoint)...)
	for variable, value := range example.variables {
		r.set(variable, value)
	}
	return r
}

// finish destroys everything, and checks that nothing is left.
func (r *run) finish() {
	r.Helper()
	r.must("destroy", "-auto-approve")
	var left []string
	for _, token := range r.cloud.Issued() {
		left = append(left, token.Name)
	}
	if !slices.Equal(left, r.left) {
		r.Errorf("left at the mock server: %q", left)
	}
}

// Examples run as printed, with only credentials in the environment: the mock server
// answers for Cloudfleet's public host names, over TLS.
func TestAccExamplesAsPrinted(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		t.Skip("it needs SSL_CERT_FILE, which Go does not ask there")
	}
	newFolder := folders(t)
	for name, use := range map[string]func(*run){"quickstart": quickstart, "base-images": baseImages, "helm-chart": helmChart} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, newFolder, name, wholes[name])
			r.Env = slices.DeleteFunc(r.Env, func(entry string) bool { return strings.HasPrefix(entry, "CLOUDFLEET_ENDPOINT=") })
			r.Env = append(r.Env, r.cloud.PublicNames(t)...)
			r.asPrinted = true
			use(r)
			r.finish()
		})
	}
}

// findWholes returns the names of all folders that have a whole example.
func findWholes(t *testing.T) (found []string) {
	t.Helper()
	entries, err := os.ReadDir(root)
	must(t, err)
	for _, entry := range entries {
		if !slices.Contains(reference, entry.Name()) {
			found = append(found, entry.Name())
		}
	}
	return found
}

func TestGuidesHaveEveryExample(t *testing.T) {
	templates, err := filepath.Glob("../../../templates/guides/*.md.tmpl")
	must(t, err)
	var guides string
	for _, template := range templates {
		guides += read(t, template)
	}
	for _, name := range findWholes(t) {
		files, err := os.ReadDir(filepath.Join(root, name))
		must(t, err)
		for _, file := range files {
			at := "examples/" + name + "/" + file.Name()
			if !strings.Contains(guides, `"`+at+`" }}`) && !strings.Contains(guides, "/blob/main/"+at+")") {
				t.Errorf("no guide has or links %s", at)
			}
		}
	}
}

// The pipeline of an example uses all names that the example sets, and no others.
func TestPipelinesUseWhatIsSet(t *testing.T) {
	for file, used := range map[string]*regexp.Regexp{
		"github-actions/push.yml":   regexp.MustCompile(`(?:vars|secrets)\.(\w+)`),
		"gitlab/push.gitlab-ci.yml": regexp.MustCompile(`\$(CFCR_\w+)`),
	} {
		names := map[string]bool{}
		for _, match := range used.FindAllStringSubmatch(read(t, filepath.Join(root, file)), -1) {
			names[match[1]] = true
		}
		set := map[string]bool{}
		config := read(t, filepath.Join(root, filepath.Dir(file), "main.tf"))
		for _, match := range regexp.MustCompile(`"?\b((?:REGISTRY|CFCR)\w*)\b`).FindAllStringSubmatch(config, -1) {
			set[match[1]] = true
		}
		if len(names) != 3 || !maps.Equal(names, set) {
			t.Errorf("%s uses %v, and the example sets %v", file, names, set)
		}
	}
}

// checkForm reports missing information for users: the purpose of an example, the CLI
// that it needs, what is not tested for real, and its variables.
func checkForm(t *testing.T, config string) {
	t.Helper()
	head, _, _ := strings.Cut(config, "\n\n")
	head = strings.ReplaceAll(head, "\n#", "")
	wants := []string{"# ", "CLOUDFLEET_", "Needs ", strings.TrimPrefix(constraint(t, config), ">= ")}
	for _, address := range addresses(config) {
		wants = append(wants, "stand-in", filepath.Base(address))
	}
	for _, want := range wants {
		if !strings.Contains(head, want) {
			t.Errorf("%q is not in its first comment: %s", want, head)
		}
	}
	for _, block := range variableBlock.FindAllStringSubmatch(config, -1) {
		if !strings.Contains(block[0], "  description = ") {
			t.Errorf("the variable %s has no description", block[1])
		}
	}
}

func constraint(t *testing.T, config string) string {
	t.Helper()
	match := requiredVersion.FindStringSubmatch(config)
	if match == nil {
		t.Fatal("it has no required_version")
	}
	return match[1]
}

// folders skips a test if acceptance tests are off, or returns a function that makes a
// folder with a CLI.
func folders(t *testing.T) func(*testing.T) *terraformcli.Folder {
	t.Helper()
	if os.Getenv(resource.EnvTfAcc) == "" {
		t.Skip("acceptance tests run with TF_ACC=1")
	}
	plugins := t.TempDir()
	must(t, terraformcli.BuildProvider(t.Context(), plugins))
	return func(t *testing.T) *terraformcli.Folder {
		t.Helper()
		folder, err := terraformcli.New(t.TempDir(), os.Getenv("TF_ACC_TERRAFORM_PATH"), plugins)
		must(t, err)
		return folder
	}
}

// set sets a variable.
func (r *run) set(variable, value string) { r.Env = append(r.Env, "TF_VAR_"+variable+"="+value) }

func (r *run) must(args ...string) []byte {
	r.Helper()
	out, err := r.Folder.Run(r.Context(), args...)
	must(r.T, err)
	return out
}

// apply applies the example, and checks that the next plan is empty and that secrets are
// only where they may be.
func (r *run) apply() {
	r.Helper()
	r.must("plan", "-out=plan")
	plan := string(r.must("show", "-json", "plan"))
	if len(r.secrets) == 0 && strings.Contains(plan, "cf_secret_") {
		r.Error("a secret is in the plan")
	}
	r.must("apply", "plan")
	state := read(r.T, filepath.Join(r.Dir, "terraform.tfstate"))
	if r.hidden != "" && strings.Contains(plan+state, r.hidden) {
		r.Error("a private key is in the plan or the state")
	}
	if found := secretsIn(r.T, state); !slices.Equal(found, r.secrets) {
		r.Errorf("the state has secrets in %q, not in %q", found, r.secrets)
	}
	r.expectEmptyPlan()
}

func (r *run) expectEmptyPlan() {
	r.Helper()
	out, err := r.Folder.Run(r.Context(), "plan", "-detailed-exitcode", "-no-color")
	if exit, changes := errors.AsType[*exec.ExitError](err); changes && exit.ExitCode() == 2 {
		r.Fatalf("there is more to do: %s", out)
	}
	must(r.T, err)
}

// output decodes an output.
func (r *run) output(name string, into any) {
	r.Helper()
	must(r.T, json.Unmarshal(r.must("output", "-json", name), into))
}

// secretsIn returns where a state has secrets: types of resources, and "output".
func secretsIn(t *testing.T, state string) (found []string) {
	t.Helper()
	var s struct {
		Outputs   json.RawMessage
		Resources []struct {
			Type      string
			Instances json.RawMessage
		}
	}
	must(t, json.Unmarshal([]byte(state), &s))
	const secret = "cf_secret_"
	for _, r := range s.Resources {
		if strings.Contains(string(r.Instances), secret) {
			found = append(found, r.Type)
		}
	}
	if strings.Contains(string(s.Outputs), secret) {
		found = append(found, "output")
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// top is the root of the repository.
const top = "../../.."

// filesBelow returns the files in these folders of the repository.
func filesBelow(t *testing.T, dirs ...string) (files []string) {
	t.Helper()
	for _, dir := range dirs {
		must(t, filepath.WalkDir(filepath.Join(top, dir), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				files = append(files, path)
			}
			return err
		}))
	}
	return files
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	must(t, err)
	return string(content)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
