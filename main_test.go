package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/terraformcli"
)

const (
	module  = "github.com/cloudfleet/terraform-provider-cloudfleet"
	testkit = module + "/internal/testkit"
)

// A package imports only what its row in CONTRIBUTING.md names, and every package has a
// row.
func TestImportsAreThoseOfTheTable(t *testing.T) {
	content, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	table := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(.*?)` \\| .* \\| (.*) ?\\|$").FindAllStringSubmatch(string(content), -1) {
		table[row[1]] = row[2]
	}
	for _, line := range goList(t, `{{.ImportPath}} {{join .Imports " "}}`, "./...") {
		imports := strings.Fields(line)
		folder := strings.TrimPrefix(strings.TrimPrefix(imports[0], module), "/")
		if folder == "" {
			folder = "main.go"
		}
		if strings.HasPrefix(imports[0], testkit) {
			continue
		}
		allowed, known := table[folder]
		if !known {
			t.Errorf("the table in CONTRIBUTING.md has no %s", folder)
		}
		for _, path := range imports[1:] {
			name, ours := strings.CutPrefix(path, module+"/internal/")
			if ours && !strings.Contains(allowed, "`"+name+"`") {
				t.Errorf("%s imports %s, which its row in CONTRIBUTING.md does not allow", folder, name)
			}
		}
	}
}

// The provider links no test code, and plain packages do not depend on Terraform.
func TestDependencies(t *testing.T) {
	refuse(t, ".", `plugin-testing|kin-openapi|httptest|go-containerregistry|internal/testkit`, "nothing for tests is shipped")
	for _, plain := range []string{"cloudfleet", "oci", "roundtrip", "cfcr", "sealing"} {
		refuse(t, "./internal/"+plain, `terraform-plugin`, "it is plain Go")
	}
	refuse(t, "./internal/testkit/mockserver", `internal/(cloudfleet|provider)`, "the mock server is written against the contract alone")
}

func refuse(t *testing.T, of, forbidden, why string) {
	t.Helper()
	pattern := regexp.MustCompile(forbidden)
	for _, found := range goList(t, "{{join .Deps \"\\n\"}}", of) {
		if pattern.MatchString(found) {
			t.Errorf("%s: %s imports %s", why, of, found)
		}
	}
}

func goList(t *testing.T, format, packages string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", format, packages).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// All modules are built with the same version of Go.
func TestToolchainsAgree(t *testing.T) {
	files, err := filepath.Glob("tools/*/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	// A module that requires that version itself has no toolchain line.
	toolchain := regexp.MustCompile(`(?m)^(?:toolchain go|go )(\d+\.\d+\.\d+)$`)
	versions := map[string]string{}
	for _, file := range append(files, "go.mod", "tools/go.mod") {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all := toolchain.FindAllStringSubmatch(string(content), -1)
		if all == nil {
			t.Fatalf("%s has no toolchain line", file)
		}
		versions[all[len(all)-1][1]] = file
	}
	if len(versions) != 1 {
		t.Errorf("the toolchains differ: %v", versions)
	}
}

// Each test that SECURITY.md names exists.
func TestSecurityNamesTestsThatExist(t *testing.T) {
	promises, err := os.ReadFile("SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	err = filepath.WalkDir("internal", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		code.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`((Test|Fuzz)[A-Za-z]+)`").FindAllStringSubmatch(string(promises), -1)
	for _, name := range named {
		if !strings.Contains(code.String(), "\nfunc "+name[1]+"(") {
			t.Errorf("there is no %s", name[1])
		}
	}
	if len(named) < 20 {
		t.Errorf("only %d tests are named", len(named))
	}
}

// keepLog is run by a CLI as the provider, and stores the log of the real one.
const keepLog = "#!/bin/sh\nexec \"$(dirname \"$0\")/real\" \"$@\" 2>>\"$PROVIDER_LOG\"\n"

func TestAccLogsOnlyWhatIsRead(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no shell stands between the CLI and the provider there")
	}
	processes := acctest.ProcessesWith(t, acctest.Core, func(ctx context.Context, dir string) error {
		_, err := terraformcli.Build(ctx, dir, "real", "")
		return errors.Join(err, os.WriteFile(filepath.Join(dir, "terraform-provider-cloudfleet"), []byte(keepLog), 0o700))
	})
	cloud := acctest.Start(t, mockserver.Options{})
	for _, test := range []struct {
		env  string
		logs bool
	}{{"NOTHING=asked", false}, {"TF_LOG=trace", true}, {"TF_LOG_PROVIDER=trace", true}, {"TF_LOG_SDK=trace", true}} {
		folder := processes.Folder(t, cloud, "data \"cloudfleet_organization\" \"this\" {}\n")
		path := filepath.Join(folder.Dir, "log")
		folder.Env = append(folder.Env, test.env, "PROVIDER_LOG="+path)
		if _, err := folder.Run(t.Context(), "plan"); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// Steps of the libraries, and calls of the provider.
		for _, mark := range []string{`"@level":"trace"`, `"@module":"cloudfleet"`} {
			if logs := strings.Contains(string(content), mark); logs != test.logs {
				t.Errorf("%s: logs %s %t, want %t:\n%.2000s", test.env, mark, logs, test.logs, content)
			}
		}
	}
}
