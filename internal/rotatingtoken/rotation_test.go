package rotatingtoken_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// slots tracks the two tokens of a rotating token from step to step.
type slots struct {
	cloud         *acctest.Cloud
	address       string // rotatingAddress by default
	before, after map[string]string
}

// look stores the state, and checks that both secrets in it are valid and that there is
// no other token.
func (s *slots) look(state *terraform.State) error {
	if err := s.take(state); err != nil {
		return err
	}
	return onlyThese(s.cloud, s)
}

// onlyThese checks that the API has only these tokens.
func onlyThese(cloud *acctest.Cloud, all ...*slots) error {
	count := 0
	for _, s := range all {
		count++
		if s.after["previous_token_id"] != "" {
			count++
		}
	}
	if issued := cloud.Issued(); len(issued) != count {
		return fmt.Errorf("%d tokens are in the state, and the API has %v", count, issued)
	}
	return nil
}

// take stores the state, and checks that both secrets in it are valid.
func (s *slots) take(state *terraform.State) error {
	s.before, s.after = s.after, state.RootModule().Resources[cmp.Or(s.address, rotatingAddress)].Primary.Attributes
	if !s.cloud.Accepts(s.after["token_id"], s.after["secret"]) {
		return errors.New("the current secret is refused")
	}
	if s.after["previous_token_id"] != "" && !s.cloud.Accepts(s.after["previous_token_id"], s.after["previous_secret"]) {
		return errors.New("the previous secret is refused")
	}
	return nil
}

// is checks that the plan has the value of name in the state before it.
func (s *slots) is(name string) knownvalue.Check {
	return knownvalue.StringFunc(func(value string) error {
		if value != s.after[name] || value == "" {
			return fmt.Errorf("got %q, want %s, which is %q", value, name, s.after[name])
		}
		return nil
	})
}

// unknownValue is a placeholder for a check that a value is unknown.
type unknownValue struct{ knownvalue.Check }

func rotatingPlan(action plancheck.ResourceActionType, values map[string]knownvalue.Check) resource.ConfigPlanChecks {
	return thenEmpty(inRotatingPlan(rotatingAddress, action, values))
}

// thenEmpty has checks of a plan, and requires an empty plan after its apply.
func thenEmpty(checks []plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: checks, PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

func inRotatingPlan(address string, action plancheck.ResourceActionType, values map[string]knownvalue.Check) []plancheck.PlanCheck {
	checks := []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, action)}
	for name, value := range values {
		if _, isUnknown := value.(unknownValue); isUnknown {
			checks = append(checks, plancheck.ExpectUnknownValue(address, attribute(name)))
		} else {
			checks = append(checks, plancheck.ExpectKnownValue(address, attribute(name), value))
		}
	}
	return checks
}

// inRotatingState checks text values in the state, and null for an empty one.
func inRotatingState(values map[string]string) []statecheck.StateCheck {
	return inStateAt(rotatingAddress, values)
}

func inStateAt(address string, values map[string]string) []statecheck.StateCheck {
	checks := []statecheck.StateCheck{
		statecheck.ExpectKnownValue(address, attribute("secret_version"), tokentest.Issued),
		statecheck.ExpectKnownValue(address, attribute("token_id"), tokenID),
		statecheck.ExpectKnownValue(address, attribute("secret"), secret),
		statecheck.ExpectKnownValue(address, attribute("secret_issued_at"), timestamp),
	}
	for name, value := range values {
		check := knownvalue.Check(knownvalue.Null())
		if value != "" {
			check = knownvalue.StringExact(value)
		}
		checks = append(checks, statecheck.ExpectKnownValue(address, attribute(name), check))
	}
	return checks
}

func TestAccRotatingCreatesOneToken(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	s := slots{cloud: cloud}
	unknown := unknownValue{}
	cloud.Run(t, resource.TestStep{
		Config: rotating("ci", "User"),
		ConfigPlanChecks: rotatingPlan(plancheck.ResourceActionCreate, map[string]knownvalue.Check{
			"token_id": unknown, "secret": unknown, "secret_version": unknown, "secret_issued_at": unknown,
			"previous_token_id": knownvalue.Null(), "previous_secret": knownvalue.Null(), "keep_previous": knownvalue.Bool(true),
		}),
		ConfigStateChecks: append(inRotatingState(map[string]string{"previous_token_id": "", "previous_secret": "", "rotation_trigger": ""}),
			statecheck.ExpectSensitiveValue(rotatingAddress, attribute("secret")),
			statecheck.ExpectSensitiveValue(rotatingAddress, attribute("previous_secret"))),
		Check: s.look,
	})
}

// Every row of the table in the documentation of rotation_trigger, from one token
// and from two, and the ways in which a trigger can be unknown.
func TestAccRotatingTransitions(t *testing.T) {
	lately := func(input, replace string) string {
		return strings.Replace(late(input, replace), "cloudfleet_api_token", "cloudfleet_rotating_api_token", 1)
	}
	const issues = true
	cloud := acctest.Start(t, mockserver.Options{})
	steps, takes := make([]resource.TestStep, 3), make([][]resource.TestCheckFunc, 3)
	var rows []*slots
	none := rotating("ci", "User")
	a, b, c := rotating("ci", "User", trigger("a")), rotating("ci", "User", trigger("b")), rotating("ci", "User", trigger("c"))
	for name, test := range map[string]struct {
		// from has the configurations before the last one, which is to.
		from    []string
		to      string
		action  plancheck.ResourceActionType
		issues  bool
		unknown bool // whether the trigger is
		trigger string
	}{
		"none stays none":          {[]string{none}, none, plancheck.ResourceActionNoop, false, false, ""},
		"none to a value":          {[]string{none}, a, plancheck.ResourceActionUpdate, false, false, "a"},
		"a value to none":          {[]string{a}, none, plancheck.ResourceActionUpdate, false, false, ""},
		"a value to none, of two":  {[]string{a, b}, none, plancheck.ResourceActionUpdate, false, false, ""},
		"a value stays":            {[]string{a}, a, plancheck.ResourceActionNoop, false, false, "a"},
		"a value stays, of two":    {[]string{a, b}, b, plancheck.ResourceActionNoop, false, false, "b"},
		"a value to another":       {[]string{a}, b, plancheck.ResourceActionUpdate, issues, false, "b"},
		"to a third":               {[]string{a, b}, c, plancheck.ResourceActionUpdate, issues, false, "c"},
		"to the first":             {[]string{a, b}, a, plancheck.ResourceActionUpdate, issues, false, "a"},
		"none to unknown":          {[]string{none}, lately("a", "1"), plancheck.ResourceActionUpdate, false, false, "a"},
		"unknown becomes another":  {[]string{lately("a", "1"), lately("b", "1")}, lately("c", "1"), plancheck.ResourceActionUpdate, issues, true, "c"},
		"unknown becomes the same": {[]string{lately("a", "1"), lately("b", "1")}, lately("b", "2"), plancheck.ResourceActionUpdate, false, true, "b"},
		"together with a rename":   {[]string{a, b}, rotating("cd", "Administrator", trigger("c")), plancheck.ResourceActionUpdate, issues, false, "c"},
		"rename":                   {[]string{a, b}, rotating("cd", "Administrator", trigger("b")), plancheck.ResourceActionUpdate, false, false, "b"},
	} {
		label := acctest.Label(name)
		row := &slots{cloud: cloud, address: "cloudfleet_rotating_api_token." + label}
		rows = append(rows, row)
		// Rows begin so late that all end in the last step.
		configs := append(slices.Clone(test.from), test.to)
		for i, config := range configs {
			at := len(steps) - len(configs) + i
			steps[at].Config += acctest.Relabel(config, label)
			takes[at] = append(takes[at], row.take)
			if i < len(configs)-1 {
				steps[at].ConfigStateChecks = append(steps[at].ConfigStateChecks, inStateAt(row.address, nil)...)
			}
		}

		hadPrevious := len(test.from) > 1
		planned := map[string]knownvalue.Check{}
		for _, name := range []string{"token_id", "secret", "secret_issued_at"} {
			planned[name] = row.is(name)
		}
		for _, name := range []string{"previous_token_id", "previous_secret"} {
			switch {
			case test.unknown:
				planned[name] = unknownValue{}
			case test.issues:
				planned[name] = row.is(strings.TrimPrefix(name, "previous_"))
			case hadPrevious:
				planned[name] = row.is(name)
			default:
				planned[name] = knownvalue.Null()
			}
		}
		if test.issues || test.unknown {
			for _, name := range []string{"token_id", "secret", "secret_version", "secret_issued_at"} {
				planned[name] = unknownValue{}
			}
		}
		last := &steps[len(steps)-1]
		last.ConfigPlanChecks.PreApply = append(last.ConfigPlanChecks.PreApply, inRotatingPlan(row.address, test.action, planned)...)
		last.ConfigStateChecks = append(last.ConfigStateChecks, inStateAt(row.address, map[string]string{"rotation_trigger": test.trigger})...)
		takes[len(steps)-1] = append(takes[len(steps)-1], func(*terraform.State) error {
			if err := row.moved(test.issues, hadPrevious); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	for i := range steps {
		steps[i].Check = resource.ComposeTestCheckFunc(takes[i]...)
	}
	last := &steps[len(steps)-1]
	last.ConfigPlanChecks = thenEmpty(last.ConfigPlanChecks.PreApply)
	last.Check = resource.ComposeTestCheckFunc(last.Check, func(*terraform.State) error { return onlyThese(cloud, rows...) })
	cloud.Run(t, steps...)
}

// moved checks that a rotation has swapped the tokens, or that both are the same.
func (s *slots) moved(rotated, hadPrevious bool) error {
	before, after := s.before, s.after
	if !rotated {
		for _, name := range []string{"token_id", "secret", "previous_token_id", "previous_secret"} {
			if before[name] != after[name] {
				return fmt.Errorf("%s has changed", name)
			}
		}
		return nil
	}
	if after["previous_token_id"] != before["token_id"] || after["previous_secret"] != before["secret"] ||
		after["secret"] == before["secret"] {
		return errors.New("what was current is not the previous one")
	}
	if hadPrevious &&
		(after["token_id"] != before["previous_token_id"] || s.cloud.Accepts(before["previous_token_id"], before["previous_secret"])) {
		return errors.New("the secret before the previous one is valid")
	}
	return nil
}

// After each rotation both secrets are valid, and the two tokens take turns.
func TestAccRotatingAgainAndAgain(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	s := slots{cloud: cloud}
	var steps []resource.TestStep
	for i, value := range []string{"a", "b", "c", "a", "d"} {
		steps = append(steps, resource.TestStep{
			Config:            rotating("ci", "User", trigger(value)),
			ConfigStateChecks: inRotatingState(nil),
			Check: resource.ComposeTestCheckFunc(s.look, func(*terraform.State) error {
				if i == 0 {
					return nil
				}
				return s.moved(true, i > 1)
			}),
		})
	}
	cloud.Run(t, steps...)
}

func TestAccRotatingWithoutPrevious(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	s := slots{cloud: cloud}
	const drop = "keep_previous = false"
	// perhaps is unknown before the apply if replace is new.
	perhaps := func(keep bool, replace string) string {
		return fmt.Sprintf("resource \"terraform_data\" \"keep\" {\n  input = %t\n  triggers_replace = %q\n}\n", keep, replace) +
			rotating("ci", "User", trigger("d"), "keep_previous = terraform_data.keep.output")
	}
	none := map[string]string{"previous_token_id": "", "previous_secret": ""}
	noPrevious := map[string]knownvalue.Check{"previous_token_id": knownvalue.Null(), "previous_secret": knownvalue.Null()}
	undecided := map[string]knownvalue.Check{"previous_token_id": unknownValue{}, "previous_secret": unknownValue{}, "secret": s.is("secret")}
	// dead checks that the token that was current before no longer is.
	dead := func(*terraform.State) error {
		if s.cloud.Accepts(s.before["token_id"], s.before["secret"]) {
			return errors.New("the secret before was kept")
		}
		return nil
	}
	step := func(config string, state map[string]string, plan resource.ConfigPlanChecks, checks ...resource.TestCheckFunc) resource.TestStep {
		return resource.TestStep{
			Config: config, ConfigPlanChecks: plan, ConfigStateChecks: inRotatingState(state),
			Check: resource.ComposeTestCheckFunc(append([]resource.TestCheckFunc{s.look}, checks...)...),
		}
	}
	const update = plancheck.ResourceActionUpdate
	cloud.Run(t,
		step(rotating("ci", "User", trigger("a")), none, resource.ConfigPlanChecks{}),
		step(rotating("ci", "User", trigger("b")), nil, resource.ConfigPlanChecks{}),
		step(rotating("ci", "User", trigger("b"), drop), none, rotatingPlan(update, noPrevious)),
		step(rotating("ci", "User", trigger("c"), drop), none, rotatingPlan(update, noPrevious), dead),
		step(rotating("ci", "User", trigger("c")), none, rotatingPlan(update, noPrevious)),
		step(rotating("ci", "User", trigger("d")), nil, resource.ConfigPlanChecks{}),
		step(perhaps(true, "1"), nil, rotatingPlan(update, undecided)),
		step(perhaps(false, "2"), none, rotatingPlan(update, undecided)),
	)
}
