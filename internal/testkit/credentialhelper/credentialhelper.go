// Package credentialhelper stands in for docker-credential-cloudfleet, the helper that the
// vendor's CLI installs.
package credentialhelper

import (
	"os"
	"path/filepath"
	"testing"
)

// Host is the registry that [Answers] has a login for.
const Host = "12345678-6651-4e5d-9c04-079f6532989b.europe.registry.cloudfleet.dev"

// Answers is a script that returns a login if it is called as Docker calls it.
const Answers = `
[ "$*" = get ] && [ "$(cat)" = "` + Host + `" ] || { echo "asked wrongly: $*"; exit 1; }
echo '{"ServerURL": "` + Host + `", "Username": "somebody", "Secret": "hush-1"}'
`

// Install puts a helper with this script on the PATH, and nothing else of that name.
// Without a script there is none.
func Install(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if script != "" {
		if err := os.WriteFile(filepath.Join(dir, "docker-credential-cloudfleet"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+"/bin"+string(os.PathListSeparator)+"/usr/bin")
}
