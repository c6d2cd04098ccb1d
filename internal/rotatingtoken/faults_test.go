package rotatingtoken_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// change is an operation on a rotating token: configurations that are applied first, and
// the one that is applied with faults. nil destroys.
type change struct {
	before []map[string]any
	// gone is the attribute whose token is deleted elsewhere before the change.
	gone string
	goal map[string]any
	// writes are the writes of the change, in this order.
	writes string
}

func rotatingConfig(name, trigger string, keep bool) map[string]any {
	return map[string]any{
		"name":             name,
		"role":             map[string]any{"ci": "User", "cd": "Administrator"}[name],
		"rotation_trigger": trigger,
		"keep_previous":    keep,
	}
}

var changes = map[string]change{
	"create":                   {nil, "", rotatingConfig("ci", "a", true), "POST"},
	"first rotation":           {one, "", rotatingConfig("ci", "b", true), "POST"},
	"rotation":                 {two, "", rotatingConfig("ci", "c", true), "regenerate"},
	"rename of one":            {one, "", rotatingConfig("cd", "a", true), "PUT"},
	"rename of two":            {two, "", rotatingConfig("cd", "b", true), "PUT>PUT"},
	"rename, first rotation":   {one, "", rotatingConfig("cd", "b", true), "PUT>POST"},
	"rename, rotation":         {two, "", rotatingConfig("cd", "c", true), "PUT>PUT>regenerate"},
	"drop":                     {two, "", rotatingConfig("ci", "b", false), "DELETE"},
	"rotation, drop":           {two, "", rotatingConfig("ci", "c", false), "regenerate>DELETE"},
	"rotation, always dropped": {lone, "", rotatingConfig("ci", "b", false), "POST>DELETE"},
	"rename, rotation, drop":   {two, "", rotatingConfig("cd", "c", false), "PUT>PUT>regenerate>DELETE"},
	"heal":                     {two, "token_id", rotatingConfig("ci", "b", true), "POST"},
	"heal, rename, drop":       {two, "token_id", rotatingConfig("cd", "c", false), "PUT>POST>DELETE"},
	"rotation without other":   {two, "previous_token_id", rotatingConfig("ci", "c", true), "POST"},
	"destroy":                  {two, "", nil, "DELETE>DELETE"},
}

var (
	one  = []map[string]any{rotatingConfig("ci", "a", true)}
	two  = []map[string]any{rotatingConfig("ci", "a", true), rotatingConfig("ci", "b", true)}
	lone = []map[string]any{rotatingConfig("ci", "a", false)}
)

func TestRotatingTokenSendsWhatIsNeeded(t *testing.T) {
	t.Parallel()
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRotating(t)
			r.prepare(change)
			if diags := r.Apply(t.Context(), change.goal); diags.HasError() {
				t.Fatal(diags)
			}
			var writes []string
			for _, request := range r.cloud.Requests() {
				switch {
				case strings.HasSuffix(request.Path, "/regenerate"):
					writes = append(writes, "regenerate")
				case request.IsWrite():
					writes = append(writes, request.Method)
				}
			}
			if got := strings.Join(writes, ">"); got != change.writes {
				t.Errorf("sent %s, want %s", got, change.writes)
			}
			r.arrived(change.goal, 0)
		})
	}
}

// Wherever a change fails, the secret in the state is valid, the token that was current
// is unchanged, and the next apply reaches the goal, with a refresh or without.
func TestRotatingTokenSurvivesFaults(t *testing.T) {
	t.Parallel()
	for name, change := range changes {
		for number, write := range strings.Split(change.writes, ">") {
			for _, f := range breakages() {
				if write == "DELETE" && tokentest.IsSuccess(f) {
					continue // any 2xx says that it is deleted
				}
				for again, refresh := range map[string]bool{"refreshed": true, "not refreshed": false} {
					if testing.Short() && !refresh {
						continue
					}
					t.Run(fmt.Sprintf("%s/%d %s/%s/%s", name, number, write, f.Name, again), func(t *testing.T) {
						t.Parallel()
						r := startRotating(t)
						r.prepare(change)
						before := r.State()
						breakWrite(r.cloud, number, f.Does)
						diags := r.Apply(t.Context(), change.goal)
						r.cloud.Intercept(nil)
						if !diags.HasError() {
							t.Fatal("it broke, and that was no error")
						}
						r.soundAfter(number, write, before, change.goal)
						leftovers := 0
						if write == "POST" {
							leftovers = len(r.cloud.Issued()) - countSlots(r.State())
						}
						if leftovers > 0 && !strings.Contains(diags.String(), "delete it") {
							t.Errorf("left behind without a word: %v", diags)
						}

						if refresh {
							r.apply(change.goal)
						} else if diags := r.Apply(t.Context(), change.goal); diags.HasError() {
							t.Fatal(diags)
						}
						r.arrived(change.goal, leftovers)
						if before != nil && change.goal["keep_previous"] == true && change.gone != "token_id" && !r.accepts(before, "token_id", "secret") {
							t.Error("the secret that was current before is rejected")
						}
					})
				}
			}
		}
	}
}

// soundAfter checks the state after a change to goal that failed at the write with this
// number.
func (r rotatingToken) soundAfter(number int, write string, before, goal map[string]any) {
	r.t.Helper()
	broken := r.State()
	if goal == nil {
		if hasPrevious := broken["previous_token_id"] != nil; hasPrevious != (number == 0) {
			r.t.Errorf("after delete number %d: %v", number, broken)
		}
		return
	}
	if broken == nil || r.Tainted() {
		return
	}
	if broken["token_id"] != nil && !r.accepts(broken, "token_id", "secret") {
		r.t.Errorf("the current secret in the state is refused: %v", broken)
	}
	if write != "regenerate" && write != "DELETE" && broken["previous_secret"] != nil &&
		!r.accepts(broken, "previous_token_id", "previous_secret") {
		r.t.Errorf("the previous secret in the state is refused: %v", broken)
	}
	if broken["secret"] == before["secret"] && broken["rotation_trigger"] != before["rotation_trigger"] {
		r.t.Error("a rotation that did not happen is in the state")
	}
	if write != "PUT" && broken["name"] != goal["name"] {
		r.t.Error("the rename is not in the state")
	}
}
