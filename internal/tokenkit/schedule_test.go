package tokenkit_test

import (
	"context"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// scheduled is a token resource under test.
type scheduled struct {
	*protocoltest.Resource
	t        *testing.T
	cloud    *acctest.Cloud
	typeName string
}

// otherType is the type of the other resource, to which a `moved` block leads.
func (s scheduled) otherType() string {
	const pair = "cloudfleet_rotating_api_token"
	if s.typeName == pair {
		return "cloudfleet_api_token"
	}
	return pair
}

// eachResource runs a test with each of the two token resources.
func eachResource(t *testing.T, mock mockserver.Options, test func(t *testing.T, s scheduled)) {
	t.Parallel()
	eachType(t, mock, test)
}

func eachType(t *testing.T, mock mockserver.Options, test func(t *testing.T, s scheduled)) {
	t.Helper()
	for _, typeName := range []string{"cloudfleet_api_token", "cloudfleet_rotating_api_token"} {
		t.Run(typeName, func(t *testing.T) {
			t.Parallel()
			cloud := acctest.Start(t, mock)
			test(t, scheduled{protocoltest.Start(t, cloud, nil).Resource(typeName), t, cloud, typeName})
		})
	}
}

func every(days any) map[string]any {
	return map[string]any{"name": "ci", "role": "User", "rotate_after_days": days}
}

// apply refreshes, applies, and checks that a second plan would change nothing, with a
// refresh or without.
func (s scheduled) apply(config map[string]any) (writes []string) {
	s.t.Helper()
	s.cloud.ForgetRequests()
	if diags := append(s.Refresh(s.t.Context()), s.Apply(s.t.Context(), config)...); diags.HasError() {
		s.t.Fatal(diags)
	}
	writes = s.cloud.Writes()
	for _, refresh := range []func(context.Context) protocoltest.Diags{
		func(context.Context) protocoltest.Diags { return nil }, s.Refresh,
	} {
		diags := refresh(s.t.Context())
		again, more := s.Plan(s.t.Context(), config)
		if diags = append(diags, more...); len(diags) > 0 || !reflect.DeepEqual(again, s.State()) {
			s.t.Errorf("a second apply of %v would make %v: %s", config, again, diags)
		}
	}
	return writes
}

// age makes the secret this much older.
func (s scheduled) age(by time.Duration) {
	older := map[string]any{}
	for _, name := range []string{"secret_issued_at", "rotation_due"} {
		if at, err := time.Parse(time.RFC3339, s.Text(name)); err == nil {
			older[name] = at.Add(-by).Format(time.RFC3339)
		}
	}
	s.Set(older)
	s.SetPrivate("memory", func(memory map[string]any) {
		since, _ := memory["since"].(string)
		if at, err := time.Parse(time.RFC3339, since); err == nil {
			memory["since"] = at.Add(-by).Format(time.RFC3339)
		}
	})
}

// plan refreshes and reports whether the plan issues a secret.
func (s scheduled) plan(config map[string]any) (planned map[string]any, rotates bool) {
	s.t.Helper()
	if diags := s.Refresh(s.t.Context()); diags.HasError() {
		s.t.Fatal(diags)
	}
	planned, diags := s.Plan(s.t.Context(), config)
	if diags.HasError() {
		s.t.Fatal(diags)
	}
	return planned, planned["secret"] == protocoltest.Unknown
}

const day = 24 * time.Hour

// A secret is rotated by the first plan after it is due, once, and not before.
func TestScheduledRotation(t *testing.T) {
	eachResource(t, mockserver.Options{}, func(t *testing.T, s scheduled) {
		s.apply(every(30))
		issued, err := time.Parse(time.RFC3339, s.Text("secret_issued_at"))
		if want := issued.Add(30 * day).Format(time.RFC3339); err != nil || s.Text("rotation_due") != want {
			t.Errorf("due at %q, want %s (%v)", s.Text("rotation_due"), want, err)
		}
		s.age(30*day - 6*time.Hour - time.Minute)
		if planned, rotates := s.plan(every(30)); rotates || !reflect.DeepEqual(planned, s.State()) {
			t.Errorf("a minute before the last six hours, the plan is %v", planned)
		}
		s.age(time.Minute)
		if planned, diags := s.Plan(t.Context(), every(30)); len(diags) > 0 || !reflect.DeepEqual(planned, s.State()) {
			t.Errorf("the plan within an apply differs, because the clock went on: %v %s", planned, diags)
		}
		planned, rotates := s.plan(every(30))
		for _, name := range []string{"secret", "secret_version", "secret_issued_at", "rotation_due"} {
			if planned[name] != protocoltest.Unknown {
				t.Errorf("in the plan of the rotation, %s is %v", name, planned[name])
			}
		}
		before := s.State()
		if writes := s.apply(every(30)); !rotates || len(writes) != 1 || s.Text("secret") == before["secret"] {
			t.Errorf("the rotation sent %v, and the secret is %s", writes, s.Text("secret"))
		}
	})
}

// The days can be set, changed and removed at any time. The age of the secret at that
// moment counts.
func TestScheduleChanges(t *testing.T) {
	eachResource(t, mockserver.Options{}, func(t *testing.T, s scheduled) {
		s.apply(every(nil))
		s.age(40 * day)
		if writes := s.apply(every(41)); len(writes) > 0 || s.Text("rotation_due") == "" {
			t.Errorf("a secret of 40 days, to be rotated after 41: %v", writes)
		}
		s.age(10 * day)
		if writes := s.apply(every(90)); len(writes) > 0 {
			t.Errorf("a secret of 50 days, to be rotated after 90 now: %v", writes)
		}
		if writes := s.apply(every(nil)); len(writes) > 0 || s.State()["rotation_due"] != nil {
			t.Errorf("a secret that is not to be rotated any more: %v, due at %q", writes, s.Text("rotation_due"))
		}
		if writes := s.apply(every(50)); len(writes) != 1 {
			t.Errorf("a secret of 50 days, to be rotated after 50: %v", writes)
		}
		s.age(20 * day)
		if _, rotates := s.plan(map[string]any{"name": "new", "role": "User", "rotate_after_days": 50}); rotates {
			t.Error("a rename rotates")
		}
	})
}

// A trigger rotates in between, and the days count from then on.
func TestScheduleBesideATrigger(t *testing.T) {
	eachResource(t, mockserver.Options{}, func(t *testing.T, s scheduled) {
		config := every(30)
		config["rotation_trigger"] = "a"
		s.apply(config)
		s.age(29 * day)
		config["rotation_trigger"] = "b"
		s.apply(config)
		s.age(29 * day)
		if writes := s.apply(config); len(writes) > 0 {
			t.Errorf("29 days after the rotation in between: %v", writes)
		}
	})
}

// Days that are known only in the apply can be those that the secret has.
func TestScheduleThatIsNotKnownYet(t *testing.T) {
	eachResource(t, mockserver.Options{}, func(t *testing.T, s scheduled) {
		s.apply(every(30))
		if planned, rotates := s.plan(every(protocoltest.Unknown)); rotates || planned["rotation_due"] != protocoltest.Unknown {
			t.Errorf("with a secret of today, the plan is %v", planned)
		}
		s.age(5 * day)
		if planned, rotates := s.plan(every(protocoltest.Unknown)); !rotates || planned["rotation_due"] != protocoltest.Unknown {
			t.Errorf("with a secret of 5 days, the plan is %v", planned)
		}
	})
}

// A rotation that failed is still due.
func TestScheduledRotationThatFails(t *testing.T) {
	eachResource(t, mockserver.Options{}, func(t *testing.T, s scheduled) {
		s.apply(every(30))
		s.age(31 * day)
		if diags := s.Refresh(t.Context()); diags.HasError() {
			t.Fatal(diags)
		}
		s.cloud.Intercept(func(api http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					tokentest.Decline(500, "internal", nil)(api, w, r)
					return
				}
				api.ServeHTTP(w, r)
			})
		})
		due := s.Text("rotation_due")
		if diags := s.Apply(t.Context(), every(30)); !diags.HasError() || s.Text("rotation_due") != due {
			t.Errorf("due at %s, and then at %s: %s", due, s.Text("rotation_due"), diags)
		}
		s.cloud.Intercept(nil)
		if writes := s.apply(every(30)); len(writes) != 1 {
			t.Errorf("the next apply sent %v", writes)
		}
	})
}

// A clock that is far behind, or a date that a regenerate does not change, makes no
// secret due that was just issued.
func TestScheduleWithAWrongDate(t *testing.T) {
	longAgo := mockserver.Options{Now: func() time.Time { return time.Now().AddDate(-1, 0, 0) }}
	eachResource(t, longAgo, func(t *testing.T, s scheduled) {
		s.apply(every(1))
		s.age(2 * day)
		if writes := s.apply(every(1)); len(writes) != 1 {
			t.Errorf("it sent %v", writes)
		}
	})
}

// Of an imported secret nobody knows the age: the days count from the import, and a warning
// says so once.
func TestScheduleOfAnImport(t *testing.T) {
	eachResource(t, mockserver.Options{}, func(t *testing.T, s scheduled) {
		id := tokentest.Issue(t, s.cloud, "ci", "User").ID
		if diags := s.Import(t.Context(), id); diags.HasError() {
			t.Fatal(diags)
		}
		_, diags := s.Plan(t.Context(), every(30))
		if diags.HasError() || !strings.Contains(diags.String(), "The days count from") {
			t.Errorf("the plan says %q", diags)
		}
		if diags := s.Apply(t.Context(), every(30)); diags.HasError() || s.Text("rotation_due") == "" {
			t.Errorf("due at %q: %s", s.Text("rotation_due"), diags)
		}
		s.age(30 * day)
		if _, rotates := s.plan(every(30)); !rotates {
			t.Error("30 days after the import, it is not due")
		}
		if writes := s.apply(every(30)); len(writes) != 1 {
			t.Errorf("it sent %v", writes)
		}
	})
}

// Pipelines that run at the same time each night or each week find the secret due, even if
// they start a little earlier than the last time.
func TestScheduleOfAPipeline(t *testing.T) {
	t.Parallel()
	for after, interval := range map[int]time.Duration{1: day, 7: 7 * day, 30: 30 * day} {
		eachType(t, mockserver.Options{}, func(t *testing.T, s scheduled) {
			s.apply(every(after))
			for range 3 {
				s.age(interval - 20*time.Minute)
				if writes := s.apply(every(after)); len(writes) != 1 {
					t.Errorf("a pipeline each %s with %d days has sent %v", interval, after, writes)
				}
			}
		})
	}
}

func TestScheduleIsInvalid(t *testing.T) {
	eachResource(t, mockserver.Options{}, func(t *testing.T, s scheduled) {
		for _, invalid := range []any{0, -1, 3651, 30.416} {
			if _, diags := s.Plan(t.Context(), every(invalid)); !diags.HasError() || !strings.Contains(diags.String(), "rotate_after_days") {
				t.Errorf("%v: %s", invalid, diags)
			}
		}
	})
}

// The provider's own secret must not be due one day: the plan says so today. The one of
// two tokens that is current can be, because a rotation keeps it.
func TestScheduleOfTheOwnToken(t *testing.T) {
	eachResource(t, mockserver.Options{}, func(t *testing.T, s scheduled) {
		if diags := s.Import(t.Context(), s.cloud.TokenID); diags.HasError() {
			t.Fatal(diags)
		}
		config := maps.Clone(s.State())
		maps.DeleteFunc(config, func(name string, _ any) bool { return name != "name" && name != "role" })
		config["rotate_after_days"] = 30
		_, diags := s.Plan(t.Context(), config)
		rotating := s.State()["keep_previous"] != nil
		if refuses := strings.Contains(diags.String(), "Refusing to schedule"); refuses == rotating || diags.HasError() == rotating {
			t.Errorf("%s", diags)
		}
	})
}
