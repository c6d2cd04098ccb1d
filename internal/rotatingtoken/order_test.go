package rotatingtoken_test

import (
	"slices"
	"strings"
	"testing"
)

// The previous token comes first, in a destroy and in a rename: wherever it fails, the
// secret in the state is valid, and the token that most clients use is unchanged.
func TestRotatingTokenBeginsWithThePrevious(t *testing.T) {
	t.Parallel()
	for name, goal := range map[string]map[string]any{"destroy": nil, "rename": rotatingConfig("cd", "b", true)} {
		r := startRotating(t)
		r.apply(two...)
		want := []string{r.Text("previous_token_id"), r.Text("token_id")}
		r.cloud.ForgetRequests()
		if diags := r.Apply(t.Context(), goal); diags.HasError() {
			t.Fatal(diags)
		}
		var got []string
		for _, write := range r.cloud.Writes() {
			_, id, _ := strings.Cut(write, "/v1/tokens/")
			id, _, _ = strings.Cut(id, ":")
			got = append(got, id)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: worked on %v, want %v", name, got, want)
		}
	}
}
