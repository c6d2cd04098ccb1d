package tokenkit

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

func TestFilter(t *testing.T) {
	tokens := []cloudfleet.Token{
		{Name: "team-a-ci", Role: cloudfleet.RoleAdministrator},
		{Name: "team-a-deploy", Role: cloudfleet.RoleUser},
		{Name: "Team-a-ci", Role: cloudfleet.RoleUser},
		{Name: "my team-a-ci", Role: cloudfleet.RoleUser},
	}
	text := types.StringValue
	for name, test := range map[string]struct {
		filter Filter
		want   string
	}{
		"nothing":         {Filter{}, "team-a-ci, team-a-deploy, Team-a-ci, my team-a-ci"},
		"role":            {Filter{Role: text("Administrator")}, "team-a-ci"},
		"prefix":          {Filter{NamePrefix: text("team-a-")}, "team-a-ci, team-a-deploy"},
		"prefix, no more": {Filter{NamePrefix: text("team.a")}, ""},
		"regex":           {Filter{NameRegex: text("team-a-(ci|cd)$")}, "team-a-ci, my team-a-ci"},
		"anchored regex":  {Filter{NameRegex: text("^(?i)team-a-ci$")}, "team-a-ci, Team-a-ci"},
		"role and prefix": {Filter{Role: text("User"), NamePrefix: text("team-a-")}, "team-a-deploy"},
		"role and regex":  {Filter{Role: text("User"), NameRegex: text("ci")}, "Team-a-ci, my team-a-ci"},
		"empty texts":     {Filter{NamePrefix: text("")}, "team-a-ci, team-a-deploy, Team-a-ci, my team-a-ci"},
	} {
		matches, diags := test.filter.Compile()
		if diags.HasError() {
			t.Errorf("%s: %v", name, diags)
			continue
		}
		var got []string
		for _, token := range tokens {
			if matches(token) {
				got = append(got, token.Name)
			}
		}
		if got := strings.Join(got, ", "); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

func TestFilterSaysWhatIsWrongWithARegex(t *testing.T) {
	matches, diags := Filter{NameRegex: types.StringValue("ci(?=-)")}.Compile()
	want := diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("name_regex"), "Invalid name_regex",
		`"ci(?=-)" is not a regular expression in the syntax of RE2: invalid or unsupported Perl syntax at "(?=".`)}
	if matches != nil || !diags.Equal(want) {
		t.Errorf("got %v\nwant %v", diags, want)
	}
}

// The age of a token counts from its last change. A token without a date may have any
// age.
func TestFilterByAge(t *testing.T) {
	day := func(n int) time.Time { return time.Now().AddDate(0, 0, -n) }
	for name, test := range map[string]struct {
		token cloudfleet.Token
		want  bool
	}{
		"created long ago":             {cloudfleet.Token{CreatedAt: day(100)}, true},
		"created lately":               {cloudfleet.Token{CreatedAt: day(10)}, false},
		"created long ago and rotated": {cloudfleet.Token{CreatedAt: day(100), UpdatedAt: day(10)}, false},
		"changed long ago":             {cloudfleet.Token{CreatedAt: day(200), UpdatedAt: day(91)}, true},
		"without a date":               {cloudfleet.Token{}, true},
	} {
		matches, diags := Filter{OlderThanDays: types.NumberValue(big.NewFloat(90))}.Compile()
		if got := matches(test.token); got != test.want || diags.HasError() {
			t.Errorf("%s: passes %t. %v", name, got, diags)
		}
	}
}
