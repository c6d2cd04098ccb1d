package registry

import (
	"os"
	"path/filepath"
	"testing"
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
