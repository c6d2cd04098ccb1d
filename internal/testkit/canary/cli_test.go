package canary_test

import (
	"archive/zip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/canary"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/terraformcli"
)

// everything is a configuration with everything of the provider that uses secrets.
const everything = `
variable "trigger" {
  default = "a"
}

resource "cloudfleet_api_token" "ci" {
  name             = "ci"
  role             = "User"
  rotation_trigger = var.trigger
  verify_secret    = true
}

data "cloudfleet_organization" "this" {}

data "cloudfleet_api_token" "ci" {
  id = cloudfleet_api_token.ci.id
}

data "cloudfleet_api_tokens" "all" {
  depends_on = [cloudfleet_api_token.ci]
}

output "docker" {
  sensitive = true
  value     = provider::cloudfleet::docker_config_json("localhost:5000", cloudfleet_api_token.ci.id, coalesce(cloudfleet_api_token.ci.secret, "-"))
}

ephemeral "cloudfleet_api_token" "run" {
  name = "run"
  role = "User"
}

ephemeral "cloudfleet_registry_credentials" "this" {}

resource "terraform_data" "user" {
  input = cloudfleet_api_token.ci.id
  provisioner "local-exec" {
    command = "echo $TOKEN $CONFIG"
    environment = {
      TOKEN  = ephemeral.cloudfleet_api_token.run.secret
      CONFIG = ephemeral.cloudfleet_registry_credentials.this.docker_config_json
    }
  }
}
`

// session runs a CLI at TF_LOG=TRACE and keeps all output.
type session struct {
	t      *testing.T
	cloud  *acctest.Cloud
	folder *terraformcli.Folder
	// written has the texts in which no secret may be, by their writer.
	written map[string]string
	// encrypted: the secrets must not be in a state or a plan either.
	encrypted bool
}

func newSession(t *testing.T, processes acctest.Processes, config string) *session {
	t.Helper()
	cloud := acctest.Start(t, mockserver.Options{})
	s := &session{t: t, cloud: cloud, folder: processes.Folder(t, cloud, config), written: map[string]string{}}
	s.folder.Env = append(s.folder.Env, "TF_LOG=TRACE", "GOTRACEBACK=all", "CLOUDFLEET_MAX_RETRIES=0")
	return s
}

// run runs the CLI. Its output or log must contain this text.
func (s *session) run(says string, args ...string) {
	s.t.Helper()
	cmd := s.folder.Command(s.t.Context(), args...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // what it says is what counts
	name := strings.Join(args, " ")
	output, log := colors.ReplaceAllString(stdout.String(), ""), colors.ReplaceAllString(stderr.String(), "")
	s.written[name+", output"] += output
	s.written[name+", log"] += log
	if !strings.Contains(output+log, says) {
		s.t.Errorf("%s does not say %q: %s\n%s", name, says, output, log[max(0, len(log)-2000):])
	}
}

var colors = regexp.MustCompile("\x1b\\[[0-9;]*m")

// check searches for every secret, and for others, in all output and in each file that is
// not a state or a plan, and in those for secrets that do not belong there.
func (s *session) check(others ...string) {
	s.t.Helper()
	all := canary.New(append(s.cloud.Secrets(), others...)...)
	for where, text := range s.written {
		all.Check(s.t, where, text)
	}
	ephemeral := s.cloud.SecretsOf(func(name string) bool { return strings.Contains(name, "ephemeral") })
	passing := canary.New(append(ephemeral, s.cloud.TokenSecret)...)
	if s.encrypted {
		passing = all
	}
	err := filepath.WalkDir(s.folder.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		switch name := entry.Name(); {
		case strings.HasPrefix(name, "terraform.tfstate"):
			passing.Check(s.t, name, string(content))
		case name == "plan":
			passing.Check(s.t, name, unzipped(s.t, path))
		default:
			all.Check(s.t, name, string(content))
		}
		return err
	})
	if err != nil {
		s.t.Error(err)
	}
}

func unzipped(t *testing.T, path string) string {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	var all strings.Builder
	for _, file := range archive.File {
		opened, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&all, opened); err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// failing answers each call that ends with this text with an error, after the API has
// acted.
func failing(call string) func(http.Handler) http.Handler {
	return func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.Method+" "+r.URL.Path, call) {
				api.ServeHTTP(w, r)
				return
			}
			api.ServeHTTP(httptest.NewRecorder(), r)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"code": "internal", "message": "No."}`)
		})
	}
}

// A secret is only in the state, and in a plan that knows it.
func TestAccNoSecretShows(t *testing.T) {
	t.Parallel()
	s := newSession(t, acctest.NewProcesses(t, acctest.Ephemerals), everything)
	const b, c = "-var=trigger=b", "-var=trigger=c"
	s.run("2 to add", "plan", "-out=plan")
	s.run("cloudfleet_api_token.ci will be created", "show", "plan")
	s.run("Apply complete! Resources: 2 added", "apply", "plan")
	s.run("called the Cloudfleet API", "plan", "-json", b)
	s.cloud.Intercept(failing("/regenerate"))
	s.run("The old secret may be revoked already", "apply", "-auto-approve", b)
	s.run("The old secret may be revoked already", "apply", "-auto-approve", "-json", b)
	s.cloud.Intercept(nil)
	s.run(`"type":"apply_complete"`, "apply", "-auto-approve", "-json", b)
	s.run("(sensitive value)", "show")
	s.run("1 to change", "plan", "-out=plan", c)
	id := s.cloud.Issued()[0].ID
	s.run("Successfully removed", "state", "rm", "cloudfleet_api_token.ci")
	s.run("Import successful", "import", b, "cloudfleet_api_token.ci", id)
	s.run("1 changed", "apply", "-auto-approve", c)
	s.cloud.Intercept(failing("DELETE /v1/tokens/" + id))
	s.run("Could not delete", "destroy", "-auto-approve", c)
	s.cloud.Intercept(nil)
	s.run("destroyed", "destroy", "-auto-approve", c)
	if n := len(s.cloud.Secrets()); n < 8 {
		t.Errorf("only %d secrets to look for", n)
	}
	s.check()
	if plan := filepath.Join(s.folder.Dir, "plan"); len(canary.New(s.cloud.Secrets()...).Find(unzipped(t, plan))) == 0 {
		t.Error("the plan holds no secret: was it looked into?")
	}
}

// A CLI that can write neither the state nor errored.tfstate prints the state. With
// encrypt_to there is no secret in it.
func TestAccUnwritableStateIsPrinted(t *testing.T) {
	t.Parallel()
	processes := acctest.NewProcesses(t, acctest.Core)
	const begin = "resource \"cloudfleet_api_token\" \"ci\" {\n  name = \"ci\"\n  role = \"User\"\n"
	for name, test := range map[string]struct {
		config string
		shows  bool
	}{
		"secret":           {begin + "}\n", true},
		"encrypted secret": {begin + "  encrypt_to = { github_public_key = \"hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\" }\n}\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSession(t, processes, test.config)
			s.folder.Env = append(s.folder.Env, "TF_LOG=")
			s.cloud.Intercept(func(api http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					for _, file := range []string{"terraform.tfstate", "errored.tfstate"} {
						if err := os.MkdirAll(filepath.Join(s.folder.Dir, file), 0o700); err != nil && r.Method == http.MethodPost {
							t.Error(err)
						}
					}
					api.ServeHTTP(w, r)
				})
			})
			s.run("raw state data is printed above", "apply", "-auto-approve", "-lock=false")
			printed := s.written["apply -auto-approve -lock=false, output"] + s.written["apply -auto-approve -lock=false, log"]
			if found := canary.New(s.cloud.Secrets()...).Find(printed); (len(found) > 0) != test.shows {
				t.Errorf("found %q", found)
			}
		})
	}
}

// An invalid secret in the provider block is not shown.
func TestAccUselessSecretIsNotShown(t *testing.T) {
	t.Parallel()
	processes := acctest.NewProcesses(t, acctest.Ephemerals)
	const literal = "cf_secret_LITERALliteralLITERALliteralLITE"
	for name, test := range map[string]struct{ value, says string }{
		"with a line break": {`"` + literal + `\n"`, "Invalid access_token_secret"},
		"in a variable":     {`"${var.secret} "`, "Invalid access_token_secret"},
		"refused":           {`"` + literal + `"`, "401 Unauthorized"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSession(t, processes, oneToken+`
variable "secret" {
  default = "`+literal+`"
}

provider "cloudfleet" {
  access_token_secret = `+test.value+`
}
`)
			s.run(test.says, "apply", "-auto-approve")
			s.run(test.says, "apply", "-auto-approve", "-json")
			for where, text := range s.written {
				canary.New(literal).Check(t, where, text)
			}
		})
	}
}

const oneToken = `
resource "cloudfleet_api_token" "ci" {
  name = "ci"
  role = "User"
}
`
