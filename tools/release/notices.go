// Command release writes THIRD_PARTY_NOTICES: the licenses of all linked modules. The
// tests of this package build a release and install it.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// root is the folder of the provider's module, seen from this package's.
const root = "../.."

// allowed are the licenses that a linked module may have.
var allowed = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0"}

var (
	licenseFile = regexp.MustCompile(`(?i)^(licen[sc]e|copying|notice|patents)(\.(txt|md|mit))?$`)
	// additions grant more rights and require nothing.
	additions = regexp.MustCompile(`(?i)^(notice|patents)`)
)

func main() {
	log.SetFlags(0)
	notices, err := thirdPartyNotices()
	if err == nil {
		err = os.WriteFile(filepath.Join(root, "THIRD_PARTY_NOTICES"), []byte(notices), 0o600)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// thirdPartyNotices returns the notices of all modules, and of Go itself: each text once,
// after the modules that it belongs to.
func thirdPartyNotices() (string, error) {
	folders, err := linkedModules()
	if err != nil {
		return "", err
	}
	modules := map[string][]string{}
	for _, module := range slices.Sorted(maps.Keys(folders)) {
		text, ids, err := license(folders[module])
		if err != nil {
			return "", fmt.Errorf("%s: %w", module, err)
		}
		modules[text] = append(modules[text], fmt.Sprintf("%s (%s)\n", module, strings.Join(ids, ", ")))
	}
	texts := slices.SortedFunc(maps.Keys(modules), func(a, b string) int { return cmp.Compare(modules[a][0], modules[b][0]) })
	var b strings.Builder
	b.WriteString("terraform-provider-cloudfleet contains the software below, under these licenses.\n")
	for _, text := range texts {
		fmt.Fprintf(&b, "\n%s\n%s\n%s", strings.Repeat("=", 80), strings.Join(modules[text], ""), text)
	}
	return b.String(), nil
}

// linkedModules returns the folders of the modules that a release links on any of its
// platforms, by path and version.
func linkedModules() (map[string]string, error) {
	config, err := readConfig()
	if err != nil {
		return nil, err
	}
	goroot, err := output("go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	folders := map[string]string{"Go standard library": strings.TrimSpace(goroot)}
	for _, target := range config.targets {
		goos, goarch, _ := strings.Cut(target, "_")
		goarch, _, _ = strings.Cut(goarch, "_")
		list, err := output("env", "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0",
			"go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}", ".")
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(list) {
			if module, folder, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
				folders[module] = folder
			}
		}
	}
	return folders, nil
}

// license returns the texts in the folder of a module, and the SPDX identifiers of its
// license.
func license(folder string) (text string, ids []string, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", nil, err
	}
	for _, entry := range entries {
		if entry.IsDir() || !licenseFile.MatchString(entry.Name()) || strings.HasSuffix(entry.Name(), ".go") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return "", nil, err
		}
		text += strings.TrimRight(strings.ReplaceAll(string(content), "\r\n", "\n"), "\n") + "\n"
		if additions.MatchString(entry.Name()) {
			continue
		}
		coverage := licensecheck.Scan(content)
		for _, match := range coverage.Match {
			if !slices.Contains(allowed, match.ID) {
				return "", nil, fmt.Errorf("%s has the license %s, which is not one of %s", entry.Name(), match.ID, strings.Join(allowed, ", "))
			}
			ids = append(ids, match.ID)
		}
		if coverage.Percent < 75 {
			return "", nil, fmt.Errorf("%s is a known license to %.0f%% only", entry.Name(), coverage.Percent)
		}
	}
	if len(ids) == 0 {
		return "", nil, errors.New("there is no license")
	}
	slices.Sort(ids)
	return text, slices.Compact(ids), nil
}

// output runs a command in the provider's module.
func output(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = root
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return string(out), err
}
