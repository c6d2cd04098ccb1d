// Package randomwalk runs the random walks of tests, in the same way in each run.
package randomwalk

import (
	"flag"
	"maps"
	"testing"

	_ "pgregory.net/rapid" // defines the flags
)

// SetDefaults sets flags of rapid, such as rapid.checks, where the command line does not.
// The seed is always the same, and a failure writes no file.
func SetDefaults(t *testing.T, more map[string]string) {
	t.Helper()
	defaults := map[string]string{"rapid.seed": "1", "rapid.nofailfile": "true"}
	maps.Copy(defaults, more)
	for name, value := range defaults {
		if f := flag.Lookup(name); f.Value.String() == f.DefValue {
			if err := f.Value.Set(value); err != nil {
				t.Fatal(err)
			}
		}
	}
}
