package oci

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const host = "12345678-6651-4e5d-9c04-079f6532989b.europe.registry.cloudfleet.dev"

// install puts a credential helper on the PATH, and nothing else of that name. Without a
// script there is none.
func install(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if script != "" {
		if err := os.WriteFile(filepath.Join(dir, "docker-credential-cloudfleet"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+"/bin"+string(os.PathListSeparator)+"/usr/bin")
}

// answers is a helper that returns a login if it is called as Docker calls it.
const answers = `
[ "$*" = get ] && [ "$(cat)" = "` + host + `" ] || { echo "asked wrongly: $*"; exit 1; }
echo '{"ServerURL": "` + host + `", "Username": "somebody", "Secret": "hush-1"}'
`

func TestAskHelper(t *testing.T) {
	const patience = 10 * time.Second
	for name, test := range map[string]struct {
		script string
		limit  time.Duration
		want   login
		err    string
	}{
		"answers":         {answers, patience, login{username: "somebody", password: "hush-1"}, ""},
		"says much":       {"echo warning >&2\n" + answers, patience, login{username: "somebody", password: "hush-1"}, ""},
		"none":            {"", patience, login{}, "is not on the PATH"},
		"not found":       {"echo credentials not found in native keychain; exit 1", patience, login{}, "has no credentials for it"},
		"fails":           {"echo hush-2; echo hush-3 >&2; exit 3", patience, login{}, "failed: exit status 3"},
		"prints nothing":  {"exit 0", patience, login{}, "answered what is not a login"},
		"prints garbage":  {"echo hush-4", patience, login{}, "answered what is not a login"},
		"half an answer":  {`echo '{"Username": "somebody", "Secret": "hush-5'`, patience, login{}, "answered what is not a login"},
		"number":          {`echo '{"Username": 5, "Secret": "hush-6"}'`, patience, login{}, "answered what is not a login"},
		"identity token":  {`echo '{"Username": "<token>", "Secret": "hush-10"}'`, patience, login{identityToken: "hush-10"}, ""},
		"hangs":           {"exec sleep 60", 300 * time.Millisecond, login{}, "did not answer within 300ms"},
		"child hangs":     {"echo hush-11; sleep 60; echo x", 300 * time.Millisecond, login{}, "did not answer within 300ms"},
		"cannot be run":   {"#", patience, login{}, "answered what is not a login"},
		"waits for input": {"while read -r line; do :; done\nexit 4", patience, login{}, "failed: exit status 4"},
	} {
		t.Run(name, func(t *testing.T) {
			install(t, test.script)
			start := time.Now()
			got, err := askHelper(t.Context(), "cloudfleet", host, test.limit)
			if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("got %v, error %v", got, err)
			}
			if err != nil && strings.Contains(err.Error(), "hush") {
				t.Errorf("what it printed is shown: %s", err)
			}
			if took := time.Since(start); took > patience {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestAskHelperInAnInterruptedRun(t *testing.T) {
	install(t, "exec sleep 60")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := askHelper(ctx, "cloudfleet", host, time.Minute); err != context.Canceled { //nolint:errorlint // neither more nor less
		t.Error(err)
	}
}
