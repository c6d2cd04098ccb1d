package examples_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/terraformcli"
)

var blockOf = regexp.MustCompile(`(?m)^(?:resource|data|provider) "([a-z]+)`)

// The examples of the reference are parts: what is missing is added to validate them.
// They are not applied, and import.sh is not run: other tests cover that.
func TestAccReferenceExamplesAreValid(t *testing.T) {
	t.Parallel()
	newFolder := folders(t)
	for _, kind := range reference {
		must(t, fs.WalkDir(os.DirFS(root), kind, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || path.Ext(file) == ".sh" {
				return err
			}
			t.Run(file, func(t *testing.T) {
				t.Parallel()
				example := read(t, filepath.Join(root, file))
				if strings.HasPrefix(path.Base(file), "import-") {
					example += read(t, filepath.Join(root, path.Dir(file), "resource.tf"))
				}
				acctest.Need(t, needs(file))
				validate(t, newFolder(t), path.Base(file), example)
			})
			return nil
		}))
	}
}

var terraformFence = regexp.MustCompile("(?ms)^```terraform\n(.*?)^```")

// Configurations in the text of pages are valid, too.
func TestAccConfigurationsInPagesAreValid(t *testing.T) {
	t.Parallel()
	newFolder := folders(t)
	count := 0
	for _, page := range append(filesBelow(t, "templates"), filepath.Join(top, "README.md")) {
		for _, match := range terraformFence.FindAllStringSubmatch(read(t, page), -1) {
			config := match[1]
			if strings.HasPrefix(config, "{{") {
				continue
			}
			count++
			t.Run(fmt.Sprintf("%s %d", filepath.Base(page), count), func(t *testing.T) {
				t.Parallel()
				validate(t, newFolder(t), "page.tf", config)
			})
		}
	}
	if count < 8 {
		t.Errorf("only %d configurations were found", count)
	}
}

// validate validates a configuration in a file of this name, with stand-ins for the
// providers that it does not declare.
func validate(t *testing.T, folder *terraformcli.Folder, file, config string) {
	t.Helper()
	standIns := map[string]*standIn{}
	for address, s := range newVendors(t).standIns() {
		for _, match := range blockOf.FindAllStringSubmatch(config, -1) {
			if match[1] == s.name {
				standIns[address] = s
			}
		}
	}
	for _, address := range addresses(config) {
		if strings.HasSuffix(address, "/cloudfleet/cloudfleet") { // the vendor's own
			standIns[address] = &standIn{name: "cloudfleet"}
		}
	}
	head := headFor(standIns)
	if strings.Contains(config, "terraform {") {
		head = ""
	}
	folder.Env = append(folder.Env, reattach(t, standIns))
	args := []string{"validate", "-no-color"}
	if path.Ext(file) == ".hcl" {
		args = append(args, "-query")
		must(t, os.WriteFile(filepath.Join(folder.Dir, "main.tf"), []byte(head), 0o600))
		head = ""
	}
	must(t, os.WriteFile(filepath.Join(folder.Dir, file), []byte(head+config), 0o600))
	_, err := folder.Run(t.Context(), args...)
	must(t, err)
}

// needs returns the feature of the CLI that an example needs.
func needs(file string) acctest.Feature {
	for _, n := range []struct {
		part    string
		feature acctest.Feature
	}{
		{"actions/", acctest.Actions}, {"ephemeral-resources/", acctest.Ephemerals}, {"age_decrypt/", acctest.WriteOnly},
		{"import-by-identity", acctest.Identities}, {"list-resources/", acctest.Queries},
		{"resources/cloudfleet_registry_image/", acctest.WriteOnly},
	} {
		if strings.Contains(file, n.part) {
			return n.feature
		}
	}
	return acctest.Core
}

// headFor returns the terraform block for an example.
func headFor(standIns map[string]*standIn) string {
	sources := []string{"cloudfleet/cloudfleet"}
	for address := range standIns {
		sources = append(sources, address)
	}
	slices.Sort(sources)
	var b strings.Builder
	b.WriteString("terraform {\n  required_providers {\n")
	for _, address := range sources {
		fmt.Fprintf(&b, "    %s = { source = %q }\n", path.Base(address), address)
	}
	return b.String() + "  }\n}\n"
}
