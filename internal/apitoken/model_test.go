package apitoken

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
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
		if got := tokenkit.Rotates(test.before, test.after); got != test.want {
			t.Errorf("from %s to %s: %t", test.before, test.after, got)
		}
	}
}

func TestModelTakesOverAnAnswer(t *testing.T) {
	created := time.Now().Add(-time.Hour).In(time.FixedZone("CET", 3600))
	token := cloudfleet.Token{
		ID: "2iKo4Asy51EUx2gpJFW76t", Name: "ci", Role: cloudfleet.RoleUser, Secret: "cf_secret_x",
		CreatedAt: created, UpdatedAt: created.Add(time.Hour),
	}
	got := model{RotationTrigger: types.StringValue("a")}
	got.setToken(token)
	if diags := got.setSecret(token, types.Int64Value(5), nil); diags.HasError() {
		t.Error(diags)
	}
	want := model{
		ID: types.StringValue("2iKo4Asy51EUx2gpJFW76t"), Name: types.StringValue("ci"), Role: types.StringValue("User"),
		RotationTrigger: types.StringValue("a"), CreatedAt: types.StringValue(created.UTC().Format(time.RFC3339)),
		StoredSecret: tokenkit.StoredSecret{Secret: types.StringValue("cf_secret_x")}, SecretVersion: types.Int64Value(5),
		SecretIssuedAt: types.StringValue(created.Add(time.Hour).UTC().Format(time.RFC3339)),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := tokenkit.Timestamp(time.Time{}); !got.IsNull() {
		t.Errorf("a time that the API did not tell became %s", got)
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
	tokens, err := tokenkit.Collect(func(yield func(cloudfleet.Token, error) bool) {
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
