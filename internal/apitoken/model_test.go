package apitoken

import (
	"reflect"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

func TestModelTakesOverAnAnswer(t *testing.T) {
	created := time.Now().Add(-time.Hour).In(time.FixedZone("CET", 3600))
	token := cloudfleet.Token{
		ID: "2iKo4Asy51EUx2gpJFW76t", Name: "ci", Role: cloudfleet.RoleUser, Secret: "cf_secret_x",
		CreatedAt: created, UpdatedAt: created.Add(time.Hour),
	}
	got := model{Model: tokenkit.NewModel()}
	got.RotationTrigger = types.StringValue("a")
	got.setToken(token)
	got.SecretVersion = types.Int64Value(9_000_000_000)
	if diags := got.Issued(&tokenkit.Memory{}, token, nil, false); diags.HasError() {
		t.Error(diags)
	}
	want := model{
		Model: tokenkit.NewModel(), ID: types.StringValue("2iKo4Asy51EUx2gpJFW76t"),
		CreatedAt: types.StringValue(created.UTC().Format(time.RFC3339)),
	}
	want.Name, want.Role, want.RotationTrigger = types.StringValue("ci"), types.StringValue("User"), types.StringValue("a")
	want.Secret, want.SecretVersion = types.StringValue("cf_secret_x"), types.Int64Value(9_000_000_001)
	want.SecretIssuedAt = types.StringValue(created.Add(time.Hour).UTC().Format(time.RFC3339))
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := tokenkit.Timestamp(time.Time{}); !got.IsNull() {
		t.Errorf("a time that the API did not tell became %s", got)
	}
}
