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

	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/terraformcli"
)

// rooms are the packages of what the provider serves.
const rooms = "apitoken|decrypt|organization|registry"

// Arrows between packages point down, no room knows its sister, and what ships
// links nothing that is for tests.
func TestDependencies(t *testing.T) {
	for _, test := range []struct{ of, forbidden, why string }{
		{".", `plugin-testing|kin-openapi|httptest|go-containerregistry|oras-go/v2$|internal/(mockserver|acctest|bench|canary|protocoltest|testimage|cloudfleet/contract)`, "nothing for tests is shipped"},
		{"./internal/cloudfleet", `terraform-plugin|internal/(` + rooms + `|provider|tfdiag|validate)`, "the client stands on its own"},
		{"./internal/dockerconfig", `terraform-plugin|internal/(` + rooms + `|cloudfleet|provider|tfdiag|validate)`, "Docker's configuration stands on its own"},
		{"./internal/sealing", `terraform-plugin|internal/(` + rooms + `|cloudfleet|provider|tfdiag|validate)`, "encryption stands on its own"},
		{"./internal/oci", `terraform-plugin|internal/(` + rooms + `|cloudfleet|provider|tfdiag|validate)`, "the registry's client stands on its own"},
		{"./internal/testkit/mockserver", `internal/(cloudfleet|provider)`, "the mock server is written against the contract alone"},
	} {
		refuse(t, test.of, test.forbidden, test.why)
	}
	for room := range strings.SplitSeq(rooms, "|") {
		sisters := strings.ReplaceAll("|"+rooms+"|", "|"+room+"|", "|")
		refuse(t, "./internal/"+room, `internal/(provider`+strings.TrimSuffix(sisters, "|")+`)$`, "a room knows neither its sister nor the provider")
	}
}

func refuse(t *testing.T, of, forbidden, why string) {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", of).Output()
	if err != nil {
		t.Fatal(err)
	}
	pattern := regexp.MustCompile(forbidden)
	for line := range strings.Lines(string(out)) {
		if found := strings.TrimSpace(line); pattern.MatchString(found) {
			t.Errorf("%s: %s imports %s", why, of, found)
		}
	}
}

// A promise is worth as much as its test, so each that SECURITY.md names has to be
// there.
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

// keepLog is a provider to a CLI, and keeps what the real one beside it logs.
const keepLog = "#!/bin/sh\nexec \"$(dirname \"$0\")/real\" \"$@\" 2>>\"$PROVIDER_LOG\"\n"

func TestAccLogsOnlyWhatIsRead(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no shell stands between the CLI and the provider there")
	}
	processes := acctest.ProcessesWith(t, tfversion.Version1_0_0, func(ctx context.Context, dir string) error {
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
		// The libraries' steps, and the provider's own calls.
		for _, mark := range []string{`"@level":"trace"`, `"@module":"cloudfleet"`} {
			if logs := strings.Contains(string(content), mark); logs != test.logs {
				t.Errorf("%s: logs %s %t, want %t:\n%.2000s", test.env, mark, logs, test.logs, content)
			}
		}
	}
}
