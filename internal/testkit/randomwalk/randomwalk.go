// Package randomwalk runs the random walks of tests, in the same way in each run.
package randomwalk

import (
	"flag"
	"maps"
	"testing"
	"testing/synctest"

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

// InBubble runs a walk under a clock that jumps while nothing is done, without a network:
// the same seed is the same walk. What rapid stops a walk with passes the bubble.
func InBubble(t *testing.T, walk func(t *testing.T)) {
	t.Helper()
	var stopped any
	synctest.Test(t, func(t *testing.T) {
		defer func() { stopped = recover() }()
		walk(t)
	})
	if stopped != nil {
		panic(stopped)
	}
}
