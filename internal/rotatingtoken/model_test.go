package rotatingtoken

import (
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/secret"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

// The plan of the tokens, for each value that may be unknown.
func TestPlanUnknowns(t *testing.T) {
	null, unknown := types.StringNull(), types.StringUnknown()
	a, b := types.StringValue("a"), types.StringValue("b")
	keep, drop, undecided := types.BoolValue(true), types.BoolValue(false), types.BoolUnknown()
	one, two := [2]string{"C"}, [2]string{"C", "P"}
	const same, open, none, current = "same", "unknown", "null", "the current one"
	for name, test := range map[string]struct {
		slots              [2]string
		trigger            types.String
		keep               types.Bool
		wantCurrent, wantP string
	}{
		"nothing":                       {two, a, keep, same, same},
		"drop":                          {two, a, drop, same, none},
		"drop of nothing":               {one, a, drop, same, none},
		"perhaps drop":                  {two, a, undecided, same, open},
		"perhaps drop of nothing":       {one, a, undecided, same, same},
		"first rotation":                {one, b, keep, open, current},
		"rotation":                      {two, b, keep, open, current},
		"rotation, drop":                {two, b, drop, open, none},
		"first rotation, perhaps drop":  {one, b, undecided, open, open},
		"perhaps rotation":              {two, unknown, keep, open, open},
		"perhaps first rotation":        {one, unknown, keep, open, open},
		"perhaps rotation, drop":        {two, unknown, drop, open, none},
		"no trigger any more":           {two, null, keep, same, same},
		"heal":                          {[2]string{"", "P"}, a, keep, open, same},
		"heal instead of a rotation":    {[2]string{"", "P"}, b, keep, open, same},
		"heal, perhaps with a rotation": {[2]string{"", "P"}, unknown, keep, open, same},
		"heal, perhaps drop":            {[2]string{"", "P"}, a, undecided, open, open},
		"heal and drop":                 {[2]string{"", "P"}, a, drop, open, none},
	} {
		text := func(s string) types.String {
			if s == "" {
				return null
			}
			return types.StringValue(s)
		}
		before := *newModel(tokenkit.NewModel(), text(test.slots[0]))
		before.PreviousTokenID, before.PreviousSecret = text(test.slots[1]), text(test.slots[1])
		before.Secret, before.RotationTrigger = text(test.slots[0]), a
		before.SecretVersion, before.SecretIssuedAt = types.Int64Value(4), types.StringValue("then")
		got := before
		got.RotationTrigger, got.KeepPrevious = test.trigger, test.keep
		want := got
		if test.wantCurrent == open {
			want.TokenID, want.Secret, want.SecretVersion, want.SecretIssuedAt = unknown, unknown, types.Int64Unknown(), unknown
		}
		previous := map[string]types.String{same: before.PreviousTokenID, open: unknown, none: null, current: before.TokenID}[test.wantP]
		want.PreviousTokenID, want.PreviousSecret = previous, previous
		if test.wantP == open {
			want.setPrevious(unknown, secret.Unknown())
		}
		decide(t.Context(), nil, &before, &got, tokenkit.Memory{}).planUnknowns(t.Context(), &before, &got)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}
