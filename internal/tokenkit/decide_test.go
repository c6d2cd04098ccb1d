package tokenkit

import (
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

// What an apply does, and whether the plan can be sure of it.
func TestDecide(t *testing.T) {
	own, err := cloudfleet.New(cloudfleet.Options{Endpoint: "http://127.0.0.1/v1", AccessTokenID: "own", AccessTokenSecret: "x"})
	if err != nil {
		t.Fatal(err)
	}
	days, unknown := types.NumberValue(big.NewFloat(30)), types.NumberUnknown()
	rejectedSecret, due := Memory{Secret: rejected}, Memory{DueDays: 30}
	for name, test := range map[string]struct {
		client *cloudfleet.Client
		memory Memory
		change func(state, plan *Model)
		want   Change
	}{
		"nothing":      {want: Change{AdoptsIsKnown: true, IssuesIsKnown: true}},
		"name unknown": {change: func(s, p *Model) { s.Name, p.Name = types.StringNull(), types.StringUnknown() }, want: Change{Updates: true, AdoptsIsKnown: true, IssuesIsKnown: true}},
		"role unknown": {change: func(s, p *Model) { s.Role, p.Role = types.StringNull(), types.StringUnknown() }, want: Change{Updates: true, AdoptsIsKnown: true, IssuesIsKnown: true}},
		"rejected": {memory: rejectedSecret, change: func(_, p *Model) { p.VerifySecret = types.BoolValue(true) },
			want: Change{AdoptsIsKnown: true, Issues: true, IssuesIsKnown: true}},
		"rejected, another's": {client: own, memory: rejectedSecret, change: func(_, p *Model) { p.VerifySecret = types.BoolValue(true) },
			want: Change{AdoptsIsKnown: true, Issues: true, IssuesIsKnown: true}},
		"rejected, not verified": {memory: rejectedSecret, want: Change{AdoptsIsKnown: true, IssuesIsKnown: true}},
		"due":                    {memory: due, change: func(_, p *Model) { p.RotateAfterDays = days }, want: Change{AdoptsIsKnown: true, Issues: true, IssuesIsKnown: true}},
		"due, days unknown":      {memory: due, change: func(_, p *Model) { p.RotateAfterDays = unknown }, want: Change{AdoptsIsKnown: true, Issues: true}},
		"due, version unknown": {memory: due, change: func(_, p *Model) { p.RotateAfterDays, p.SecretWOVersion = days, unknown },
			want: Change{Adopts: true, Issues: true}},
	} {
		state := NewModel()
		state.Name, state.Role, state.Secret = types.StringValue("ci"), types.StringValue("User"), types.StringValue("x")
		plan := state
		if test.change != nil {
			test.change(&state, &plan)
		}
		if got := Decide(t.Context(), test.client, types.StringValue("id"), &state, &plan, test.memory); got != test.want {
			t.Errorf("%s: %+v, not %+v", name, got, test.want)
		}
	}
	state := NewModel()
	state.Secret = types.StringValue("x")
	plan := state
	plan.VerifySecret = types.BoolValue(true)
	if got := Decide(t.Context(), own, types.StringValue("own"), &state, &plan, rejectedSecret); got.Issues {
		t.Error("the provider's own secret, with which it works, is issued again")
	}
}

func TestLabel(t *testing.T) {
	for want, name := range map[string]types.String{`"ci" (id)`: types.StringValue("ci"), "id": types.StringNull()} {
		if got := label(name, types.StringValue("id")); got != want {
			t.Errorf("got %s, not %s", got, want)
		}
	}
	if got := label(types.StringUnknown(), types.StringValue("id")); got != "id" {
		t.Errorf("got %s", got)
	}
}

// A 404 is judged by what Cloudfleet stores, not by how the configuration spells it.
func TestKnownAsStored(t *testing.T) {
	m := NewModel()
	m.Name, m.Role = types.StringValue("CI"), types.StringValue("User")
	stored := cloudfleet.TokenSettings{Name: "ci", Role: cloudfleet.RoleUser}
	for want, memory := range map[cloudfleet.TokenSettings]Memory{m.Settings(): {}, stored: {Stored: stored}} {
		if got := memory.Known(types.StringValue("id"), &m).Settings; got != want {
			t.Errorf("got %+v, not %+v", got, want)
		}
	}
}

// The days of a schedule count from the issue or, if that is not known, from now on.
func TestSetConfiguredBegins(t *testing.T) {
	then := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		issued types.String
		since  time.Time
		begins bool
	}{
		"not known":  {types.StringNull(), time.Time{}, true},
		"known":      {types.StringValue("2026-01-01T00:00:00Z"), time.Time{}, false},
		"has begun":  {types.StringNull(), then, false},
		"both known": {types.StringValue("2026-01-01T00:00:00Z"), then, false},
	} {
		m, memory := NewModel(), Memory{Since: test.since}
		m.SecretIssuedAt = test.issued
		plan := NewModel()
		m.SetConfigured(&plan, &memory)
		if begins := !memory.Since.Equal(test.since); begins != test.begins {
			t.Errorf("%s: begins now: %t", name, begins)
		}
	}
}

func TestImportedIsTheIDOrTheIdentity(t *testing.T) {
	if id, identity, _ := Imported(t.Context(), resource.ImportStateRequest{ID: "x"}); id != "x" || identity != nil {
		t.Errorf("got %q, %v", id, identity)
	}
	empty := resource.ImportStateRequest{}
	if id, identity, diags := Imported(t.Context(), empty); id != "" || identity != nil || diags.HasError() {
		t.Errorf("of nothing got %q, %v, %v", id, identity, diags)
	}
	schema := IdentitySchema("", "")
	null := &tfsdk.ResourceIdentity{Schema: schema, Raw: tftypes.NewValue(schema.Type().TerraformType(t.Context()), nil)}
	if _, identity, diags := Imported(t.Context(), resource.ImportStateRequest{Identity: null}); identity != nil || diags.HasError() {
		t.Errorf("of a null identity got %v, %v", identity, diags)
	}
}

// The error of an import stands at the attribute of an identity, if there is one.
func TestInvalidImport(t *testing.T) {
	for attribute, atOne := range map[string]bool{"": false, "id": true} {
		d := InvalidImport(errors.New("it is empty"), "An import ID is a token ID.", attribute)
		if _, has := d.(diag.DiagnosticWithPath); has != atOne || atOne == strings.Contains(d.Detail(), "An import ID is") {
			t.Errorf("%q: %v", attribute, d)
		}
	}
}

// Only an answer that there is no such token is one; an outage is not.
func TestNotImported(t *testing.T) {
	for status, is := range map[int]bool{404: true, 410: true, 401: false, 500: false} {
		err := &cloudfleet.Error{StatusCode: status, Code: map[int]string{404: "not_found"}[status]}
		if got := NotImported(types.StringValue("id"), err); (got != nil) != is {
			t.Errorf("%d: %v", status, got)
		}
	}
	if got := NotImported(types.StringValue("id"), errors.New("connection refused")); got != nil {
		t.Errorf("a lost connection: %v", got)
	}
}

// A secret of one day is due a tenth of the day early, and one of many days six hours.
func TestDueDays(t *testing.T) {
	for hours, want := range map[int]int64{0: 0, 20: 0, 22: 1, 30*24 - 7: 29, 30*24 - 5: 30} {
		m, memory := NewModel(), Memory{}
		m.SecretIssuedAt = Timestamp(time.Now().Add(-time.Duration(hours) * time.Hour))
		memory.setAge(&m)
		if memory.DueDays != want {
			t.Errorf("after %d hours: %d days, not %d", hours, memory.DueDays, want)
		}
	}
}
