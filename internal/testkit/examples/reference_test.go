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
)

var blockOf = regexp.MustCompile(`(?m)^(?:resource|data|provider) "([a-z]+)`)

// The examples of the reference are parts: each gets what it lacks to be validated. They
// are not applied, and import.sh is not run: the tests of what they show do that.
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
				standIns := map[string]*standIn{}
				for address, s := range newVendors(t).standIns() {
					for _, match := range blockOf.FindAllStringSubmatch(example, -1) {
						if match[1] == s.name {
							standIns[address] = s
						}
					}
				}
				acctest.Need(t, needs(file))
				head := headFor(standIns)
				if strings.Contains(example, "terraform {") {
					head = ""
				}
				folder := newFolder(t)
				folder.Env = append(folder.Env, reattach(t, standIns))
				args := []string{"validate", "-no-color"}
				if path.Ext(file) == ".hcl" {
					args = append(args, "-query")
					must(t, os.WriteFile(filepath.Join(folder.Dir, "main.tf"), []byte(head), 0o600))
					head = ""
				}
				must(t, os.WriteFile(filepath.Join(folder.Dir, path.Base(file)), []byte(head+example), 0o600))
				_, err := folder.Run(t.Context(), args...)
				must(t, err)
			})
			return nil
		}))
	}
}

// needs is what an example needs of the CLI.
func needs(file string) acctest.Feature {
	for _, n := range []struct {
		part    string
		feature acctest.Feature
	}{
		{"actions/", acctest.Actions}, {"ephemeral-resources/", acctest.Ephemerals}, {"age_decrypt/", acctest.WriteOnly},
		{"import-by-identity", acctest.Identities}, {"list-resources/", acctest.Queries},
	} {
		if strings.Contains(file, n.part) {
			return n.feature
		}
	}
	return acctest.Core
}

// headFor is the block terraform for an example.
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
