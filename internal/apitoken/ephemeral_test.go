package apitoken_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/apitoken"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

var longAgo = time.Now().Add(-24 * time.Hour)

var push = map[string]any{"name": "push", "role": "Administrator"}

// client is another client with the provider's credentials.
func client(t *testing.T, cloud *acctest.Cloud) *cloudfleet.Client {
	t.Helper()
	c, err := cloudfleet.New(cloudfleet.Options{Endpoint: cloud.Endpoint, AccessTokenID: cloud.TokenID, AccessTokenSecret: cloud.TokenSecret})
	must(t, err)
	return c
}

// leave creates tokens with these names.
func leave(t *testing.T, cloud *acctest.Cloud, names ...string) {
	t.Helper()
	for _, name := range names {
		_, _, err := client(t, cloud).CreateToken(t.Context(), cloudfleet.TokenSettings{Name: name, Role: cloudfleet.RoleUser})
		must(t, err)
	}
}

func names(cloud *acctest.Cloud) []string {
	found := []string{}
	for _, token := range cloud.Issued() {
		found = append(found, token.Name)
	}
	return found
}

// refuse answers requests with this method with a fault.
func refuse(method string) func(http.Handler) http.Handler {
	return func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != method {
				api.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte(`{"code": "internal", "message": "The API has the hiccups."}`))
		})
	}
}

// expect checks that there is one diagnostic of this severity for each text, and that it
// contains the text.
func expect(t *testing.T, diags []*tfprotov6.Diagnostic, severity tfprotov6.DiagnosticSeverity, texts ...string) {
	t.Helper()
	if len(diags) != len(texts) {
		t.Errorf("%d diagnostics instead of %d", len(diags), len(texts))
	}
	for i, d := range diags {
		whole := d.Summary + "\n" + d.Detail
		if d.Severity != severity || i < len(texts) && !strings.Contains(whole, texts[i]) {
			t.Errorf("%s: %s", d.Severity, whole)
		}
		if strings.Contains(whole, "cf_secret_") {
			t.Errorf("a secret is shown: %s", whole)
		}
	}
}

const (
	isError   = tfprotov6.DiagnosticSeverityError
	isWarning = tfprotov6.DiagnosticSeverityWarning
)

func TestEphemeralTokenIsOpenedAndClosed(t *testing.T) {
	for ttl, want := range map[string]time.Duration{"": time.Hour, "90m": 90 * time.Minute} {
		cloud := acctest.Start(t, mockserver.Options{})
		provider := serve(t, cloud)
		config, wantTTL := map[string]any{"name": "push", "role": "User"}, "1h"
		if ttl != "" {
			config["ttl"], wantTTL = ttl, ttl
		}
		before := time.Now().Add(want - time.Second)
		got, private, diags := provider.open(config)
		expect(t, diags, isError)
		issued := cloud.Issued()
		if len(issued) != 1 {
			t.Fatalf("tokens: %v", issued)
		}
		expires, err := time.Parse(time.RFC3339, got["expires_at"])
		if err != nil || expires.Before(before) || expires.After(time.Now().Add(want)) {
			t.Errorf("expires at %s, %v", got["expires_at"], err)
		}
		if got["id"] != issued[0].ID || got["name"] != "push" || got["role"] != "User" || got["ttl"] != wantTTL {
			t.Errorf("result: %v", got)
		}
		if issued[0].Role != "User" || issued[0].Name != apitoken.EphemeralName("push", expires) {
			t.Errorf("at the API: %v", issued[0])
		}
		if !cloud.Accepts(got["id"], got["secret"]) {
			t.Error("the secret is refused")
		}
		if !strings.Contains(string(private), "id") || strings.Contains(string(private), "push") ||
			strings.Contains(string(private), got["secret"]) {
			t.Errorf("private data: %s", private)
		}
		expect(t, provider.close(private), isError)
		expect(t, provider.close(private), isError) // one that is gone is done
		if left := cloud.Issued(); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		want := []string{"GET /v1/tokens?limit=100: 200", "POST /v1/tokens: 201"}
		for _, status := range []string{"204", "404"} {
			want = append(want, "DELETE /v1/tokens/"+got["id"]+": "+status)
		}
		want = append(want, "GET /v1/organization: 200") // confirms the 404
		requests := []string{}
		for _, r := range cloud.Requests() {
			requests = append(requests, r.String())
		}
		if !slices.Equal(requests, want) {
			t.Errorf("requests: %v", requests)
		}
	}
}

func TestEphemeralTokenThatCannotBeClosed(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	provider := serve(t, cloud)
	got, private, _ := provider.open(push)
	cloud.Intercept(refuse(http.MethodDelete))
	expect(t, provider.close(private), isWarning, "Could not delete ephemeral API token "+got["id"])
	expect(t, provider.close(private), isWarning, "`cloudfleet tokens delete "+got["id"]+"`")
	expect(t, provider.close(private), isWarning, "The API has the hiccups.")
}

// A token of a killed run is deleted by the first run after it has expired. Tokens with
// other names stay, and so does the provider's own, whatever its name is.
func TestEphemeralTokensLeftBehindAreSwept(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	past, future := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	near := []string{
		"push",
		apitoken.EphemeralName("push", future),
		apitoken.EphemeralName("push", time.Now().Add(-4*time.Minute)), // clocks differ
		apitoken.EphemeralName("push2", past),
		apitoken.EphemeralName("my push", past),
		apitoken.EphemeralName("Push", past),
		apitoken.EphemeralName(apitoken.EphemeralName("push", past), past),
		apitoken.EphemeralName("push", past) + "!",
	}
	leave(t, cloud, apitoken.EphemeralName("push", past), apitoken.EphemeralName("push", past.Add(-48*time.Hour)))
	leave(t, cloud, near...)
	for range 100 { // so that there is another page
		leave(t, cloud, "team")
		near = append(near, "team")
	}
	leave(t, cloud, apitoken.EphemeralName("push", past))
	_, err := client(t, cloud).UpdateToken(t.Context(), cloud.TokenID,
		cloudfleet.TokenSettings{Name: apitoken.EphemeralName("push", past), Role: cloudfleet.RoleAdministrator})
	must(t, err)

	provider := serve(t, cloud)
	_, private, diags := provider.open(push)
	expect(t, diags, isError)
	expect(t, provider.close(private), isError)
	if left := names(cloud); !slices.Equal(left, near) {
		t.Errorf("left: %q", left)
	}
	if !cloud.Accepts(cloud.TokenID, cloud.TokenSecret) {
		t.Error("the provider's own token is gone")
	}
}

// A failed sweep does not prevent the token, and is not reported if there is none.
func TestEphemeralTokenWithoutASweep(t *testing.T) {
	expired := apitoken.EphemeralName("push", time.Now().Add(-time.Hour))
	for name, test := range map[string]struct {
		fault    func(http.Handler) http.Handler
		severity tfprotov6.DiagnosticSeverity
		texts    []string
		left     int
	}{
		"no list":   {refuse(http.MethodGet), isWarning, []string{`Could not look for expired ephemeral API tokens "push"`}, 3},
		"no delete": {refuse(http.MethodDelete), isWarning, []string{`delete expired ephemeral API token "push" (`, "does not affect"}, 3},
		"deleted at once": {func(api http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodDelete { // another run is quicker
					api.ServeHTTP(httptest.NewRecorder(), r.Clone(r.Context()))
				}
				api.ServeHTTP(w, r)
			})
		}, isWarning, nil, 1},
		"nothing works": {func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		}, isError, []string{`Could not create ephemeral API token "push"`}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := acctest.Start(t, mockserver.Options{})
			leave(t, cloud, expired, expired)
			provider := serve(t, cloud)
			cloud.Intercept(test.fault)
			_, _, diags := provider.open(push)
			expect(t, diags, test.severity, test.texts...)
			if left := names(cloud); len(left) != test.left {
				t.Errorf("left: %q", left)
			}
		})
	}
}

// What Open does not return is never closed, so it must be deleted.
func TestEphemeralTokenThatIsNotHandedOverIsDeleted(t *testing.T) {
	created := func(then func(answer *httptest.ResponseRecorder)) func(http.Handler) http.Handler {
		return func(api http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				answer := httptest.NewRecorder()
				api.ServeHTTP(answer, r)
				if r.Method == http.MethodPost {
					then(answer)
				}
				w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
				w.WriteHeader(answer.Code)
				_, _ = w.Write(answer.Body.Bytes())
			})
		}
	}
	t.Run("no secret in the answer", func(t *testing.T) {
		cloud := acctest.Start(t, mockserver.Options{})
		provider := serve(t, cloud)
		cloud.Intercept(created(func(answer *httptest.ResponseRecorder) {
			body := strings.Replace(answer.Body.String(), `"secret"`, `"withheld"`, 1)
			answer.Body.Reset()
			answer.Body.WriteString(body)
		}))
		_, _, diags := provider.open(push)
		expect(t, diags, isError, "The answer has no secret")
		if left := names(cloud); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		cloud := acctest.Start(t, mockserver.Options{})
		provider := serve(t, cloud)
		cloud.Intercept(created(func(*httptest.ResponseRecorder) {
			_, err := provider.server.StopProvider(t.Context(), &tfprotov6.StopProviderRequest{})
			if err != nil {
				t.Error(err)
			}
		}))
		_, _, diags := provider.open(push)
		expect(t, diags, isError, "The run was interrupted")
		if left := names(cloud); len(left) > 0 || len(cloud.Writes()) != 2 {
			t.Errorf("left: %q, after %v", left, cloud.Writes())
		}
	})
}

// A create may have been carried out although the answer is an error. The name says until
// when the token may be needed.
func TestEphemeralTokenOfAnAmbiguousCreate(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	provider := serve(t, cloud)
	cloud.Intercept(func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				w.WriteHeader(http.StatusGatewayTimeout)
				w = httptest.NewRecorder()
			}
			api.ServeHTTP(w, r)
		})
	})
	_, _, diags := provider.open(push)
	expect(t, diags, isError, `with the name "push (ephemeral until `)
	if left := names(cloud); len(left) != 1 || !strings.Contains(diags[0].Detail, `"`+left[0]+`"`) {
		t.Errorf("left: %q", left)
	}
}

// A create that the API has refused has created nothing.
func TestEphemeralTokenOfARefusedCreate(t *testing.T) {
	cloud := acctest.Start(t, mockserver.Options{})
	provider := serve(t, cloud)
	tokentest.BreakWrite(cloud, 0, tokentest.Decline(http.StatusUnprocessableEntity, "invalid", nil))
	_, _, diags := provider.open(push)
	expect(t, diags, isError, "422")
	if strings.Contains(diags[0].Detail, "may have created") {
		t.Errorf("it says %s", diags[0].Detail)
	}
}

func TestEphemeralTokenArguments(t *testing.T) {
	provider := serve(t, acctest.Start(t, mockserver.Options{}))
	for text, config := range map[string]map[string]any{
		"Shorten the name":                    {"name": strings.Repeat("x", 217), "role": "User"},
		`"user" is not a role, but "User" is`: {"name": "x", "role": "user"},
		`"1d" is not a duration`:              {"name": "x", "role": "User", "ttl": "1d"},
	} {
		expect(t, provider.validate(config), isError, text)
	}
	expect(t, provider.validate(map[string]any{"name": strings.Repeat("x", 216), "role": "User", "ttl": "24h"}), isError)
}

func TestEphemeralTokenHidesItsSecretAlone(t *testing.T) {
	var described ephemeral.SchemaResponse
	apitoken.NewEphemeralResource().Schema(t.Context(), ephemeral.SchemaRequest{}, &described)
	for name, attribute := range described.Schema.Attributes {
		if attribute.IsSensitive() != (name == "secret") {
			t.Errorf("%s: sensitive %t", name, attribute.IsSensitive())
		}
	}
}
