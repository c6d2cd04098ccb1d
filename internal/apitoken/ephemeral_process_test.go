package apitoken_test

import (
	"archive/zip"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// If something that uses the token fails, the CLI does not close it. The provider deletes
// it when its process ends, so this test needs a process.
func TestAccEphemeralTokenOfARunThatEndsBadly(t *testing.T) {
	processes := acctest.NewProcesses(t, acctest.Ephemerals)
	for name, test := range map[string]struct {
		command string
		end     func(*exec.Cmd) error
	}{
		"what uses the token fails": {"exit 1", nil},
		"interrupted":               {"touch started && sleep 60", func(c *exec.Cmd) error { return c.Process.Signal(os.Interrupt) }},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := acctest.Start(t, mockserver.Options{})
			folder := processes.Folder(t, cloud, run+`
resource "terraform_data" "user" {
  provisioner "local-exec" {
    command     = "`+test.command+`"
    environment = { SECRET = ephemeral.cloudfleet_api_token.run.secret }
  }
}
`)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := folder.Command(ctx, "apply", "-auto-approve", "-no-color")
			var out strings.Builder
			cmd.Stdout, cmd.Stderr = &out, &out
			must(t, cmd.Start())
			if test.end != nil {
				waitFor(t, filepath.Join(folder.Dir, "started"))
				must(t, test.end(cmd))
			}
			if err := cmd.Wait(); err == nil || !strings.Contains(out.String(), "local-exec provisioner error") {
				t.Errorf("the run did not end badly: %v\n%s", err, &out)
			}
			if left := names(cloud); len(left) > 0 || len(cloud.Writes()) != 4 {
				t.Errorf("left %q after %v\n%s", left, cloud.Writes(), &out)
			}
		})
	}
}

// The example is applied with a stand-in for Docker, which gets the secret. It is in no
// plan or state.
func TestAccEphemeralTokenExample(t *testing.T) {
	processes := acctest.NewProcesses(t, acctest.Ephemerals)
	example, err := os.ReadFile("../../examples/ephemeral-resources/cloudfleet_api_token/ephemeral-resource.tf")
	must(t, err)
	cloud := acctest.Start(t, mockserver.Options{})
	folder := processes.Folder(t, cloud, string(example))
	must(
		t,
		os.WriteFile(
			filepath.Join(folder.Dir, "docker"),
			[]byte("#!/bin/sh\necho \"$@\" >> calls\n[ \"$1\" != login ] || cat >> calls\n"),
			0o700,
		),
	)
	folder.Env = append(folder.Env, "PATH="+folder.Dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	for _, command := range [][]string{{"plan", "-out=plan"}, {"apply", "plan"}} {
		_, err := folder.Run(t.Context(), command...)
		must(t, err)
		if left := names(cloud); len(left) > 0 {
			t.Errorf("left by %v: %q", command, left)
		}
	}
	host := cloud.OrganizationID + ".europe.registry.cloudfleet.dev"
	calls, err := os.ReadFile(filepath.Join(folder.Dir, "calls"))
	must(t, err)
	want := regexp.MustCompile(`^login --username \w{22} --password-stdin ` + host + `\ncf_secret_\w{32}\nbuild --tag (` +
		host + `/shop/checkout:v1\.4\.2) \.\npush (\S+)\nlogout ` + host + `\n$`)
	if match := want.FindStringSubmatch(string(calls)); match == nil || match[1] != match[2] {
		t.Errorf("docker was called so:\n%s", calls)
	}
	state, err := os.ReadFile(filepath.Join(folder.Dir, "terraform.tfstate"))
	must(t, err)
	for file, content := range zipped(t, filepath.Join(folder.Dir, "plan"), state) {
		if strings.Contains(content, "cf_secret_") {
			t.Errorf("%s holds a secret", file)
		}
	}
}

// zipped returns what is in the files of an archive, and the state beside them.
func zipped(t *testing.T, archive string, state []byte) map[string]string {
	t.Helper()
	files := map[string]string{"the state": string(state)}
	reader, err := zip.OpenReader(archive)
	must(t, err)
	defer reader.Close()
	for _, file := range reader.File {
		opened, err := file.Open()
		must(t, err)
		content, err := io.ReadAll(opened)
		must(t, err)
		files[file.Name] = string(content)
	}
	return files
}

func waitFor(t *testing.T, file string) {
	t.Helper()
	for range 300 {
		if _, err := os.Stat(file); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s did not appear", file)
}
