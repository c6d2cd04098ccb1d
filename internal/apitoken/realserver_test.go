package apitoken_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// What real servers do without a promise in the contract, for both resources.
var resources = map[string]string{"cloudfleet_api_token": "id", "cloudfleet_rotating_api_token": "token_id"}

func forBoth(t *testing.T, run func(t *testing.T, typeName, idName string)) {
	t.Helper()
	t.Parallel()
	for typeName, idName := range resources {
		t.Run(typeName, func(t *testing.T) {
			t.Parallel()
			run(t, typeName, idName)
		})
	}
}

func mustApply(t *testing.T, r *protocoltest.Resource, config map[string]any) {
	t.Helper()
	if diags := r.Apply(t.Context(), config); diags.HasError() {
		t.Fatal(diags)
	}
}

func versionIn(t *testing.T, r *protocoltest.Resource) int64 {
	t.Helper()
	v, ok := r.State()["secret_version"].(int64)
	if !ok {
		t.Fatalf("secret_version is %v", r.State()["secret_version"])
	}
	return v
}

// Consumers of the version take a secret only when the version changes.
func TestSecretVersionGrows(t *testing.T) {
	forBoth(t, func(t *testing.T, typeName, _ string) {
		cloud := acctest.Start(t, mockserver.Options{})
		p := protocoltest.Start(t, cloud, nil)
		r := p.Resource(typeName)
		begin := time.Now().Unix()
		mustApply(t, r, arguments("ci", "a"))
		last := versionIn(t, r)
		if last < begin {
			t.Errorf("the first version is %d, want the Unix time %d or more", last, begin)
		}
		larger := func(after string) {
			t.Helper()
			if v := versionIn(t, r); v <= last {
				t.Errorf("after %s the version is %d, and was %d before", after, v, last)
			} else {
				last = v
			}
		}
		mustApply(t, r, arguments("ci", "b"))
		larger("a rotation")
		mustApply(t, r, arguments("ci", "c"))
		larger("another in the same second")
	})
}

// An apply returns what was planned, even if the token was changed elsewhere meanwhile.
func TestApplyReturnsWhatWasPlanned(t *testing.T) {
	forBoth(t, func(t *testing.T, typeName, idName string) {
		cloud := acctest.Start(t, mockserver.Options{})
		r := protocoltest.Start(t, cloud, nil).Resource(typeName)
		mustApply(t, r, arguments("ci", "a"))
		call(t, cloud, http.MethodPut, "/tokens/"+r.Text(idName), `{"name": "renamed elsewhere", "role": "Administrator"}`)
		mustApply(t, r, arguments("ci", "b")) // the harness reports an inconsistent result
		if r.Text("name") != "ci" || !cloud.Accepts(r.Text(idName), r.Text("secret")) {
			t.Errorf("after the apply: %v", r.State())
		}
		if diags := r.Refresh(t.Context()); diags.HasError() || typeName == "cloudfleet_api_token" && r.Text("name") != "renamed elsewhere" {
			t.Errorf("the next refresh does not show the drift: %v, %v", r.State(), diags)
		}
	})
}

func TestAnswersThatLackAField(t *testing.T) {
	forBoth(t, func(t *testing.T, typeName, idName string) {
		for _, field := range []string{"name", "role", "created_at", "updated_at"} {
			cloud := acctest.Start(t, mockserver.Options{})
			r := protocoltest.Start(t, cloud, nil).Resource(typeName)
			cloud.Intercept(rewrite(func(_ *http.Request, body map[string]any) {
				if _, isToken := body["role"]; isToken || body["created_at"] != nil {
					delete(body, field)
				}
			}))
			for _, config := range []map[string]any{arguments("ci", "a"), arguments("cd", "b"), arguments("cd", "c")} {
				mustApply(t, r, config)
				if diags := r.Refresh(t.Context()); diags.HasError() {
					t.Fatalf("without %s: %v", field, diags)
				}
				if r.Text("name") != config["name"] || r.Text("role") != config["role"] || !cloud.Accepts(r.Text(idName), r.Text("secret")) {
					t.Errorf("without %s: %v", field, r.State())
				}
				if plan, diags := r.Plan(t.Context(), config); diags.HasError() || !reflect.DeepEqual(plan, r.State()) {
					t.Errorf("without %s the plan is not empty: %v, %v", field, plan, diags)
				}
			}
			cloud.Intercept(nil)
		}
	})
}

// A server that stores another spelling causes no loop, and a warning.
func TestOtherSpellingIsKeptAndTold(t *testing.T) {
	forBoth(t, func(t *testing.T, typeName, idName string) {
		cloud := acctest.Start(t, mockserver.Options{})
		r := protocoltest.Start(t, cloud, nil).Resource(typeName)
		cloud.Intercept(func(api http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				body = bytes.ReplaceAll(body, []byte(`"CI  Push"`), []byte(`"ci push"`))
				r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
				api.ServeHTTP(w, r)
			})
		})
		config := arguments("CI  Push", "a")
		diags := r.Apply(t.Context(), config)
		if diags.HasError() || !strings.Contains(diags.String(), `AttributeName("name")`) || r.Tainted() {
			t.Fatalf("got %v", diags)
		}
		id := r.Text(idName)
		for range 2 {
			diags := r.Refresh(t.Context())
			if diags.HasError() || !strings.Contains(diags.String(), `"ci push"`) {
				t.Errorf("the refresh does not tell: %v", diags)
			}
			if plan, diags := r.Plan(t.Context(), config); diags.HasError() || !reflect.DeepEqual(plan, r.State()) {
				t.Errorf("the plan is not empty: %v", plan)
			}
		}
		// A later change elsewhere is drift.
		call(t, cloud, http.MethodPut, "/tokens/"+id, `{"name": "other", "role": "User"}`)
		if diags := r.Refresh(t.Context()); diags.HasError() || r.Text("name") != "other" {
			t.Errorf("drift is not seen: %v, %v", r.State(), diags)
		}
	})
}

// A 404 counts only from the place where the token was.
func TestAbsenceElsewhereDoesNotCount(t *testing.T) {
	forBoth(t, func(t *testing.T, typeName, idName string) {
		cloud := acctest.Start(t, mockserver.Options{})
		anywhere := map[string]any{"organization_id": nil}
		r := protocoltest.Start(t, cloud, anywhere).Resource(typeName)
		mustApply(t, r, arguments("ci", "a"))
		state := r.State()

		other := cloud.AddOrganization("Other")
		elsewhere := protocoltest.Start(t, cloud, map[string]any{
			"organization_id": nil, "access_token_id": other.TokenID, "access_token_secret": other.TokenSecret,
		})
		gateway := protocoltest.Start(t, cloud, anywhere)
		for name, p := range map[string]*protocoltest.Provider{"another organization": elsewhere, "a gateway": gateway} {
			if name == "a gateway" {
				cloud.Intercept(func(http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
						w.WriteHeader(http.StatusNotFound)
						_, _ = io.WriteString(w, `{"code": "not_found", "message": "No route."}`)
					})
				})
			}
			r.Use(p)
			if diags := r.Refresh(t.Context()); !diags.HasError() || !reflect.DeepEqual(r.State(), state) {
				t.Errorf("%s: refreshed to %v, %v", name, r.State(), diags)
			}
			if diags := r.Destroy(t.Context()); !diags.HasError() || r.State() == nil {
				t.Errorf("%s: destroyed: %v", name, diags)
			}
			cloud.Intercept(nil)
		}
		if !cloud.Accepts(r.Text(idName), r.Text("secret")) {
			t.Error("the token is gone")
		}
	})
}

func TestAnySuccessOfADeleteCounts(t *testing.T) {
	forBoth(t, func(t *testing.T, typeName, _ string) {
		for status, body := range map[int]string{200: `{"id": "x"}`, 202: "", 299: "null"} {
			cloud := acctest.Start(t, mockserver.Options{})
			r := protocoltest.Start(t, cloud, nil).Resource(typeName)
			mustApply(t, r, arguments("ci", "a"))
			cloud.Intercept(func(api http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method != http.MethodDelete {
						api.ServeHTTP(w, r)
						return
					}
					api.ServeHTTP(httptest.NewRecorder(), r)
					w.WriteHeader(status)
					_, _ = io.WriteString(w, body)
				})
			})
			if diags := r.Destroy(t.Context()); diags.HasError() || r.State() != nil {
				t.Errorf("%d: %v", status, diags)
			}
		}
	})
}

// A secret is issued again only if the API certainly rejects it, and only once.
func TestVerifySecret(t *testing.T) {
	forBoth(t, func(t *testing.T, typeName, idName string) {
		hourAgo := mockserver.Options{Now: func() time.Time { return time.Now().Add(-time.Hour) }}
		config := arguments("ci", "a")
		config["verify_secret"] = true
		start := func(o mockserver.Options) (*acctest.Cloud, *protocoltest.Resource) {
			cloud := acctest.Start(t, o)
			r := protocoltest.Start(t, cloud, nil).Resource(typeName)
			mustApply(t, r, config)
			return cloud, r
		}
		reissues := func(r *protocoltest.Resource, want bool, when string) {
			t.Helper()
			if diags := r.Refresh(t.Context()); diags.HasError() {
				t.Fatalf("%s: %v", when, diags)
			}
			plan, diags := r.Plan(t.Context(), config)
			if issues := plan["secret"] == protocoltest.Unknown; issues != want || diags.HasError() {
				t.Errorf("%s: the plan issues a secret: %t, want %t. %v", when, issues, want, diags)
			}
		}
		rejectAll := rewriteStatus(func(*http.Request, string) bool { return true })

		cloud, r := start(hourAgo)
		reissues(r, false, "valid")
		cloud.Intercept(rejectAll)
		if diags := r.Refresh(t.Context()); !diags.HasError() {
			t.Errorf("an outage: %v", diags)
		}
		cloud.Intercept(rewriteStatus(func(r *http.Request, _ string) bool { return strings.HasSuffix(r.URL.Path, "/organization") }))
		reissues(r, false, "an outage of the organization's service")
		cloud.Intercept(nil)
		call(t, cloud, http.MethodPost, "/tokens/"+r.Text(idName)+"/regenerate", "")
		reissues(r, true, "regenerated elsewhere")

		// The token is disabled permanently: issuing another secret does not help.
		cloud.Intercept(rewriteStatus(func(_ *http.Request, caller string) bool { return caller != cloud.TokenID }))
		mustApply(t, r, config)
		id := r.Text(idName)
		reissues(r, false, "rejected although it was issued again")
		if diags := r.Refresh(t.Context()); !strings.Contains(diags.String(), "would not help") || !strings.Contains(diags.String(), id) {
			t.Errorf("nobody says why: %v", diags)
		}

		cloud, r = start(mockserver.Options{})
		cloud.Intercept(rewriteStatus(func(_ *http.Request, caller string) bool { return caller != cloud.TokenID }))
		reissues(r, false, "just issued")
	})
}

// rewriteStatus answers 401 in place of the API if reject returns true for the request
// and the token that it comes from.
func rewriteStatus(reject func(r *http.Request, caller string) bool) func(http.Handler) http.Handler {
	return func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if caller, _, _ := r.BasicAuth(); reject(r, caller) {
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = io.WriteString(w, `{"code": "unauthorized", "message": "No."}`)
				return
			}
			api.ServeHTTP(w, r)
		})
	}
}

// The result of a refresh with other credentials does not lock the provider out.
func TestOwnTokenIsSafeWhateverTheStateRemembers(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{Now: func() time.Time { return time.Now().Add(-time.Hour) }})
	config := map[string]any{"name": "ci", "role": "Administrator", "rotation_trigger": "a", "verify_secret": true}
	r := protocoltest.Start(t, cloud, nil).Resource("cloudfleet_api_token")
	mustApply(t, r, config)
	id, secret := r.Text("id"), regenerate(t, cloud, r.Text("id"))
	if diags := r.Refresh(t.Context()); !strings.Contains(diags.String(), "no longer valid") {
		t.Fatal(diags)
	}
	r.Use(protocoltest.Start(t, cloud, map[string]any{"access_token_id": id, "access_token_secret": secret}))
	for _, refresh := range []bool{false, true} {
		if refresh {
			_ = r.Refresh(t.Context())
		}
		cloud.ForgetRequests()
		_ = r.Apply(t.Context(), config)
		if writes := cloud.Writes(); len(writes) > 0 || !cloud.Accepts(id, secret) {
			t.Fatalf("refreshed: %t: %v", refresh, writes)
		}
	}

	// The state has the role User, and the token was promoted elsewhere.
	user := protocoltest.Start(t, cloud, nil).Resource("cloudfleet_api_token")
	mustApply(t, user, map[string]any{"name": "cd", "role": "User"})
	id, secret = user.Text("id"), user.Text("secret")
	call(t, cloud, http.MethodPut, "/tokens/"+id, `{"name": "cd", "role": "Administrator"}`)
	user.Use(protocoltest.Start(t, cloud, map[string]any{"access_token_id": id, "access_token_secret": secret}))
	cloud.ForgetRequests()
	if diags := user.Apply(
		t.Context(),
		map[string]any{"name": "renamed", "role": "User"},
	); !strings.Contains(
		diags.String(),
		"Refusing to change the role",
	) {
		t.Errorf("got %v", diags)
	}
	if writes := cloud.Writes(); len(writes) > 0 {
		t.Errorf("sent %v", writes)
	}
}

// regenerate regenerates a secret elsewhere, and returns the new one.
func regenerate(t *testing.T, cloud *acctest.Cloud, id string) string {
	t.Helper()
	token, _, err := client(t, cloud).RegenerateToken(t.Context(), cloudfleetKnown(id))
	if err != nil {
		t.Fatal(err)
	}
	return token.Secret
}

// The plan of a create reports what its apply would run into.
func TestPlanOfACreateTellsTheTruthAboutCredentials(t *testing.T) {
	forBoth(t, func(t *testing.T, typeName, _ string) {
		cloud := acctest.Start(t, mockserver.Options{})
		issue(t, cloud, "user", "User")
		other := cloud.AddOrganization("Other")
		user, _, err := client(t, cloud).RegenerateToken(t.Context(), cloudfleetKnown(cloud.Issued()[0].ID))
		if err != nil {
			t.Fatal(err)
		}
		for name, test := range map[string]struct {
			config map[string]any
			says   string
		}{
			"valid":                {nil, ""},
			"no credentials":       {map[string]any{"access_token_id": nil, "access_token_secret": nil}, "No access token"},
			"wrong secret":         {map[string]any{"access_token_secret": "cf_secret_wrong"}, "401"},
			"unreachable":          {map[string]any{"endpoint": "http://127.0.0.1:1/v1"}, "refused"},
			"another organization": {map[string]any{"access_token_id": other.TokenID, "access_token_secret": other.TokenSecret}, "another organization"},
			"a User":               {map[string]any{"access_token_id": user.ID, "access_token_secret": user.Secret}, "403"},
			"not known yet":        {map[string]any{"access_token_id": protocoltest.Unknown}, ""},
		} {
			p := protocoltest.Start(t, cloud, test.config)
			cloud.ForgetRequests()
			for range 3 {
				if _, diags := p.Resource(
					typeName,
				).Plan(
					t.Context(),
					arguments("ci", "a"),
				); diags.HasError() != (test.says != "") ||
					!strings.Contains(diags.String(), test.says) {
					t.Errorf("%s: %v", name, diags)
				}
			}
			if calls := cloud.Requests(); len(calls) > 2 {
				t.Errorf("%s: three plans made these calls: %v", name, calls)
			}
		}
	})
}

// The provider works with its own secret, so that it need not be verified.
func TestOwnSecretIsNotVerified(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{Now: func() time.Time { return time.Now().Add(-time.Hour) }})
	config := map[string]any{"name": "ci", "role": "Administrator", "verify_secret": true}
	r := protocoltest.Start(t, cloud, nil).Resource("cloudfleet_api_token")
	mustApply(t, r, config)
	r.Use(
		protocoltest.Start(
			t,
			cloud,
			map[string]any{"access_token_id": r.Text("id"), "access_token_secret": r.Text("secret"), "organization_id": nil},
		),
	)
	cloud.ForgetRequests()
	if diags := r.Refresh(t.Context()); diags.HasError() {
		t.Fatal(diags)
	}
	organization := 0
	for _, request := range cloud.Requests() {
		if strings.HasSuffix(request.Path, "/organization") {
			organization++
		}
	}
	if organization > 1 { // one remembers where the token was seen
		t.Errorf("asked %v", cloud.Requests())
	}
}

// The result of the first call of an update is in the state, even if the second fails.
func TestRenameIsSavedBeforeTheRegenerate(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	r := protocoltest.Start(t, cloud, nil).Resource("cloudfleet_api_token")
	mustApply(t, r, arguments("ci", "a"))
	breakWrite(cloud, 1, func(_ http.Handler, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusConflict) })
	diags := r.Apply(t.Context(), arguments("cd", "b"))
	if !diags.HasError() || r.Text("name") != "cd" || r.Text("rotation_trigger") != "a" {
		t.Errorf("got %v, %v", r.State(), diags)
	}
}

// A create without a secret in the answer has no version: no consumer can have the
// secret.
func TestCreateWithoutSecretHasNoVersion(t *testing.T) {
	t.Parallel()
	cloud := acctest.Start(t, mockserver.Options{})
	r := protocoltest.Start(t, cloud, nil).Resource("cloudfleet_api_token")
	breakWrite(cloud, 0, tokentest.WithholdSecret)
	diags := r.Apply(t.Context(), arguments("ci", "a"))
	if says := "in the state as tainted"; !strings.Contains(diags.String(), says) {
		t.Errorf("it does not say %q: %v", says, diags)
	}
	if !diags.HasError() || !r.Tainted() || versionIn(t, r) != 0 || r.State()["secret"] != nil {
		t.Errorf("the state is %v after %v", r.State(), diags)
	}
}
