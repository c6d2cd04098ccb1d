package tokenkit

import (
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

func TestRotates(t *testing.T) {
	null, unknown := types.StringNull(), types.StringUnknown()
	a, b, empty := types.StringValue("a"), types.StringValue("b"), types.StringValue("")
	for _, test := range []struct {
		before, after types.String
		want          bool
	}{
		{null, null, false},
		{null, a, false},
		{null, unknown, false},
		{a, null, false},
		{a, a, false},
		{a, b, true},
		{a, empty, true},
		{a, unknown, true},
	} {
		if got := rotates(test.before, test.after); got != test.want {
			t.Errorf("from %s to %s: %t", test.before, test.after, got)
		}
	}
}

func TestCollectPutsTokensInOrder(t *testing.T) {
	early := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	late := early.Add(time.Nanosecond)
	served := []cloudfleet.Token{
		{ID: "a", CreatedAt: late},
		{ID: "c", CreatedAt: early},
		{ID: "x"},
		{ID: "b", CreatedAt: early},
		{ID: "skipped"},
	}
	tokens, err := Collect(func(yield func(cloudfleet.Token, error) bool) {
		for _, t := range served {
			if !yield(t, nil) {
				return
			}
		}
	}, func(t cloudfleet.Token) bool { return t.ID != "skipped" })
	want := []cloudfleet.Token{served[2], served[3], served[1], served[0]}
	if err != nil || !slices.Equal(tokens, want) {
		t.Errorf("got %v, %v, want %v", tokens, err, want)
	}
}
