package tokenkit_test

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

var revokedID = regexp.MustCompile(`of token ([0-9A-Za-z]{22})`)

// announced returns the IDs of the tokens whose access ends by the warnings of a plan.
func announced(diags protocoltest.Diags) []string {
	ids := map[string]bool{}
	for _, d := range diags {
		if strings.HasPrefix(d.Summary, "The apply revokes") {
			for _, m := range revokedID.FindAllStringSubmatch(d.Detail, -1) {
				ids[m[1]] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// ended returns the IDs of the tokens whose access ends by these writes.
func ended(writes []string) []string {
	ids := map[string]bool{}
	for _, write := range writes {
		if m := regexp.MustCompile(`^(?:DELETE .*/tokens/(\w+)|POST .*/tokens/(\w+)/regenerate)`).FindStringSubmatch(write); m != nil {
			ids[m[1]+m[2]] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// Each write that ends an access stands as a warning in the plan that leads to it, for
// every way there: nothing more, nothing less.
func TestEveryRevocationIsAnnounced(t *testing.T) {
	t.Parallel()
	key, other := tokentest.AgeIdentity(t).Recipient().String(), tokentest.AgeIdentity(t).Recipient().String()
	config := func(more map[string]any) map[string]any {
		c := map[string]any{"name": "ci", "role": "User", "rotation_trigger": "a"}
		maps.Copy(c, more)
		return c
	}
	to := func(keys ...any) map[string]any { return map[string]any{"age_recipients": keys} }
	for name, test := range map[string]struct {
		before []map[string]any
		// between changes something outside of a plan.
		between func(s scheduled)
		goal    map[string]any
		// ends is whether an access ends for one token, and for a pair.
		ends, pairEnds bool
		pairOnly       bool
	}{
		"create":                   {nil, nil, config(nil), false, false, false},
		"trigger":                  {[]map[string]any{config(nil)}, nil, config(map[string]any{"rotation_trigger": "b"}), true, false, false},
		"second trigger":           {[]map[string]any{config(nil), config(map[string]any{"rotation_trigger": "b"})}, nil, config(map[string]any{"rotation_trigger": "c"}), true, true, false},
		"trigger added":            {[]map[string]any{config(map[string]any{"rotation_trigger": nil})}, nil, config(nil), false, false, false},
		"rename":                   {[]map[string]any{config(nil)}, nil, config(map[string]any{"name": "cd"}), false, false, false},
		"age":                      {[]map[string]any{config(map[string]any{"rotate_after_days": 30})}, func(s scheduled) { s.age(31 * day) }, config(map[string]any{"rotate_after_days": 30}), true, false, false},
		"recipients added":         {[]map[string]any{config(nil)}, nil, config(map[string]any{"encrypt_to": to(key)}), true, false, false},
		"recipients changed":       {[]map[string]any{config(map[string]any{"encrypt_to": to(key)})}, nil, config(map[string]any{"encrypt_to": to(other)}), true, false, false},
		"recipients removed":       {[]map[string]any{config(map[string]any{"encrypt_to": to(key)})}, nil, config(nil), true, false, false},
		"import with recipients":   {nil, imports, config(map[string]any{"encrypt_to": to(key)}), false, false, false},
		"import, then recipients":  {[]map[string]any{config(nil)}, imports, config(map[string]any{"encrypt_to": to(key)}), false, false, false},
		"import, then a trigger":   {nil, importsAndApplies, config(map[string]any{"rotation_trigger": "b"}), true, false, false},
		"rejection":                {[]map[string]any{config(map[string]any{"verify_secret": true})}, rejects, config(map[string]any{"verify_secret": true}), true, false, false},
		"keep_previous off":        {[]map[string]any{config(nil), config(map[string]any{"rotation_trigger": "b"})}, nil, config(map[string]any{"rotation_trigger": "b", "keep_previous": false}), false, true, true},
		"trigger, keep_previous":   {[]map[string]any{config(nil), config(map[string]any{"rotation_trigger": "b"})}, nil, config(map[string]any{"rotation_trigger": "c", "keep_previous": false}), false, true, true},
		"destroy of a pair":        {[]map[string]any{config(nil), config(map[string]any{"rotation_trigger": "b"})}, nil, nil, false, true, true},
		"current token is gone":    {[]map[string]any{config(nil), config(map[string]any{"rotation_trigger": "b"})}, deletesCurrent, config(map[string]any{"rotation_trigger": "b"}), false, false, true},
		"secret that was adopted":  {nil, imports, config(map[string]any{"secret_wo_version": protocoltest.Unknown}), false, false, false},
		"move to the other type":   {[]map[string]any{config(nil)}, moves, config(nil), false, false, false},
		"verify_secret and a date": {[]map[string]any{config(map[string]any{"verify_secret": true, "rotate_after_days": 90})}, nil, config(map[string]any{"verify_secret": true, "rotate_after_days": 60}), false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			eachResource(t, mockserver.Options{}, func(t *testing.T, s scheduled) {
				isPair := s.typeName == "cloudfleet_rotating_api_token"
				if test.pairOnly && !isPair {
					return
				}
				for _, c := range test.before {
					s.apply(c)
				}
				if test.between != nil {
					test.between(s)
				}
				if s.State() != nil {
					if diags := s.Refresh(t.Context()); diags.HasError() {
						t.Fatal(diags)
					}
				}
				s.cloud.ForgetRequests()
				_, diags := s.Plan(t.Context(), test.goal)
				if diags.HasError() {
					t.Fatal(diags)
				}
				if test.goal["secret_wo_version"] == protocoltest.Unknown {
					return
				}
				if applied := s.Apply(t.Context(), test.goal); applied.HasError() {
					t.Fatal(applied)
				}
				ends := ended(s.cloud.Writes())
				if !slices.Equal(announced(diags), ends) {
					t.Errorf("announced are %v, and done was %v: %s", announced(diags), s.cloud.Writes(), diags)
				}
				if want := test.ends && !isPair || test.pairEnds && isPair; (len(ends) > 0) != want {
					t.Errorf("it has sent %v", s.cloud.Writes())
				}
			})
		})
	}
}

func imports(s scheduled) {
	s.t.Helper()
	id := s.idOf()
	if id == "" {
		id = tokentest.Issue(s.t, s.cloud, "ci", "User").ID
	}
	if diags := s.Import(s.t.Context(), id); diags.HasError() {
		s.t.Fatal(diags)
	}
}

func importsAndApplies(s scheduled) {
	s.t.Helper()
	imports(s)
	if diags := s.Apply(s.t.Context(), map[string]any{"name": "ci", "role": "User", "rotation_trigger": "a"}); diags.HasError() {
		s.t.Fatal(diags)
	}
}

func rejects(s scheduled) {
	s.t.Helper()
	s.age(time.Hour)
	tokentest.Call(s.t, s.cloud, http.MethodPost, "/tokens/"+s.idOf()+"/regenerate", "")
}

func deletesCurrent(s scheduled) {
	s.t.Helper()
	tokentest.Call(s.t, s.cloud, http.MethodDelete, "/tokens/"+s.idOf(), "")
}

func moves(s scheduled) {
	s.t.Helper()
	if diags := s.MoveTo(s.t.Context(), s.otherType(), false); diags.HasError() {
		s.t.Fatal(diags)
	}
}

// A revocation that depends on what is not known yet may happen.
func TestPossibleRevocationIsAnnounced(t *testing.T) {
	eachResource(t, mockserver.Options{}, func(t *testing.T, s scheduled) {
		for _, trigger := range []string{"a", "b"} {
			s.apply(map[string]any{"name": "ci", "role": "User", "rotation_trigger": trigger})
		}
		_, diags := s.Plan(t.Context(), map[string]any{"name": "ci", "role": "User", "rotation_trigger": protocoltest.Unknown})
		if !strings.Contains(diags.String(), "The apply may revoke a secret") {
			t.Errorf("the plan says %q", diags)
		}
	})
}

// A token that was regenerated right after its issue is noticed at once.
func TestRevokedSecretIsNoticedAtOnce(t *testing.T) {
	// Each answer of this server is a few seconds later than the one before.
	var second atomic.Int64
	begin := time.Now()
	mock := mockserver.Options{Now: func() time.Time { return begin.Add(time.Duration(second.Add(2)) * time.Second) }}
	eachResource(t, mock, func(t *testing.T, s scheduled) {
		config := map[string]any{"name": "ci", "role": "User", "verify_secret": true}
		s.apply(config)
		tokentest.Call(t, s.cloud, http.MethodPost, "/tokens/"+s.idOf()+"/regenerate", "")
		if _, rotates := s.plan(config); !rotates {
			t.Error("the plan is empty")
		}
	})
}

// A walk found: with a keep_previous that is not known yet, the plan of a rotation was
// silent about the current token, which the apply deleted.
func TestUnknownKeepPreviousMayRevoke(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	const pair = "cloudfleet_rotating_api_token"
	s := scheduled{protocoltest.Start(t, cloud, nil).Resource(pair), t, cloud, pair}
	s.apply(map[string]any{"name": "ci", "role": "User", "rotation_trigger": "a"})
	_, diags := s.Plan(t.Context(), map[string]any{
		"name": "ci", "role": "User", "rotation_trigger": "b", "keep_previous": protocoltest.Unknown,
	})
	if text := diags.String(); !strings.Contains(text, "The apply may revoke a secret") || !strings.Contains(text, s.Text("token_id")) {
		t.Errorf("the plan says %s", text)
	}
}

// A walk found: after an import, a plan that may issue a secret showed an object of
// ciphertexts, and the final plan, which issued none, showed null.
func TestFinalPlanWithoutASecretIsLikeTheFirst(t *testing.T) {
	eachResource(t, mockserver.Options{}, func(t *testing.T, s scheduled) {
		config := map[string]any{"name": "ci", "role": "User"}
		s.apply(config)
		if diags := s.Import(t.Context(), s.idOf()); diags.HasError() {
			t.Fatal(diags)
		}
		config["encrypt_to"] = map[string]any{"age_recipients": []any{tokentest.AgeIdentity(t).Recipient().String()}}
		if diags := s.Apply(t.Context(), config); diags.HasError() {
			t.Fatal(diags)
		}
		for argument, known := range map[string]any{"rotate_after_days": nil, "secret_wo_version": nil} {
			config[argument] = protocoltest.Unknown
			first, _ := s.Plan(t.Context(), config)
			config[argument] = known
			if final, _ := s.Plan(t.Context(), config); !protocoltest.Narrows(first, final) {
				t.Errorf("%s: the final plan is %v, and the first was %v", argument, final, first)
			}
		}
	})
}

// A saved plan that another run made is applied by a provider whose own token it would
// revoke: the apply refuses, before anything is sent.
func TestSavedPlanForTheProvidersOwnToken(t *testing.T) {
	eachResource(t, mockserver.Options{}, func(t *testing.T, s scheduled) {
		config := func(trigger string) map[string]any {
			return map[string]any{"name": "ci", "role": "Administrator", "rotation_trigger": trigger}
		}
		own := "secret"
		s.apply(config("a"))
		id := s.idOf()
		if s.typeName == "cloudfleet_rotating_api_token" {
			s.apply(config("b"))
			own = "previous_secret"
		}
		saved, diags := s.Save(t.Context(), config("c"))
		if diags.HasError() {
			t.Fatal(diags)
		}
		s.Use(protocoltest.Start(t, s.cloud, map[string]any{"access_token_id": id, "access_token_secret": s.Text(own)}))
		s.cloud.ForgetRequests()
		if diags := s.ApplySaved(t.Context(), saved); !strings.Contains(diags.String(), "Refusing to regenerate") {
			t.Errorf("the apply says %s", diags)
		}
		if writes := s.cloud.Writes(); len(writes) > 0 {
			t.Errorf("it has sent %v", writes)
		}
	})
}
