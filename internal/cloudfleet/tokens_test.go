package cloudfleet_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

func TestCreateToken(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	token, _, err := newClient(t, cloud.options).CreateToken(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	if token.Name != settings.Name || token.Role != settings.Role {
		t.Errorf("got %q, %q", token.Name, token.Role)
	}
	if token.CreatedAt.IsZero() || !token.UpdatedAt.Equal(token.CreatedAt) {
		t.Errorf("created at %s, updated at %s", token.CreatedAt, token.UpdatedAt)
	}
	if !cloud.Accepts(token.ID, token.Secret) {
		t.Error("the token is not accepted")
	}
}

func TestGetToken(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	want := cloud.newToken(t)
	got, err := newClient(t, cloud.options).GetToken(t.Context(), want.ID)
	want.Secret = "" // it is shown once
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestUpdateToken(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	before := cloud.newToken(t)
	renamed := cloudfleet.TokenSettings{Name: `"ü" & co`, Role: cloudfleet.RoleAdministrator}
	got, err := newClient(t, cloud.options).UpdateToken(t.Context(), before.ID, renamed)
	if err != nil {
		t.Fatal(err)
	}
	want := cloudfleet.Token{ID: before.ID, Name: renamed.Name, Role: renamed.Role, CreatedAt: before.CreatedAt, UpdatedAt: got.UpdatedAt}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !got.UpdatedAt.After(before.UpdatedAt) {
		t.Errorf("updated at %s, before that at %s", got.UpdatedAt, before.UpdatedAt)
	}
	if !cloud.Accepts(before.ID, before.Secret) {
		t.Error("the secret has changed")
	}
}

func TestRegenerateToken(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	before := cloud.newToken(t)
	got, _, err := newClient(t, cloud.options).RegenerateToken(t.Context(), cloudfleet.KnownToken{ID: before.ID})
	if err != nil {
		t.Fatal(err)
	}
	if cloud.Accepts(before.ID, before.Secret) {
		t.Error("the old secret is accepted")
	}
	if !cloud.Accepts(before.ID, got.Secret) {
		t.Error("the new secret is not accepted")
	}
	if got.ID != before.ID || got.Name != before.Name || !got.CreatedAt.Equal(before.CreatedAt) || !got.UpdatedAt.After(before.UpdatedAt) {
		t.Errorf("got %+v of %+v", got, before)
	}
}

func TestDeleteToken(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	token := cloud.newToken(t)
	c := newClient(t, cloud.options)
	if err := c.DeleteToken(t.Context(), cloudfleet.KnownToken{ID: token.ID}); err != nil {
		t.Fatal(err)
	}
	if cloud.Accepts(token.ID, token.Secret) {
		t.Error("the token is accepted")
	}
	for _, name := range []string{"get", "update", "regenerate", "delete"} {
		err := callNamed(t, name, token.ID).do(t.Context(), c)
		if !cloudfleet.IsNotFound(err) || cloudfleet.MayHaveActed(err) {
			t.Errorf("%s after the delete: %v", name, err)
		}
	}
}

func TestGetOrganization(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	user := cloud.newToken(t)
	asUser := cloud.options
	asUser.AccessTokenID, asUser.AccessTokenSecret = user.ID, user.Secret
	for _, o := range []cloudfleet.Options{cloud.options, asUser} {
		got, err := newClient(t, o).GetOrganization(t.Context())
		want := cloudfleet.Organization{ID: cloud.OrganizationID, Name: "Test"}
		if err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
}

func TestRequestsAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	id := cloud.newToken(t).ID
	c := newClient(t, cloud.options)
	for _, test := range []struct{ call, want string }{
		{"create", "POST /v1/tokens: 201"},
		{"get", "GET /v1/tokens/" + id + ": 200"},
		{"read", "GET /v1/tokens/" + id + ": 200"},
		{"update", "PUT /v1/tokens/" + id + ": 200"},
		{"regenerate", "POST /v1/tokens/" + id + "/regenerate: 200"},
		{"list", "GET /v1/tokens?limit=100: 200"},
		{"organization", "GET /v1/organization: 200"},
		{"delete", "DELETE /v1/tokens/" + id + ": 204"},
	} {
		cloud.ForgetRequests()
		if err := callNamed(t, test.call, id).do(t.Context(), c); err != nil {
			t.Errorf("%s: %s", test.call, err)
		}
		if got := cloud.Requests(); len(got) != 1 || got[0].String() != test.want {
			t.Errorf("%s: got %v, want %s", test.call, got, test.want)
		}
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	c := newClient(t, cloud.options)
	cloud.failFirst(2, answer(http.StatusTooManyRequests, "", "Retry-After", "0"))
	for range 2 {
		if _, _, err := c.CreateToken(t.Context(), settings); err != nil {
			t.Fatal(err)
		}
	}
	var keys []string
	for _, r := range cloud.Requests() {
		keys = append(keys, r.IdempotencyKey)
	}
	if len(keys) != 4 {
		t.Fatalf("got %d requests, want 3 of the first create and 1 of the second", len(keys))
	}
	uuid := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	if !uuid.MatchString(keys[0]) {
		t.Errorf("%q is not a UUID", keys[0])
	}
	if keys[1] != keys[0] || keys[2] != keys[0] {
		t.Errorf("the attempts of one create have the keys %v", keys[:3])
	}
	if keys[3] == keys[0] {
		t.Error("two creates have the same key")
	}
}

// If a create is answered without the secret, that is lost, but not the token: its ID is
// needed to regenerate or delete it.
func TestCreateAnsweredWithoutSecret(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	body := `{"id":"` + someID + `","name":"ci","role":"User","created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:05Z"}`
	count := cloud.failFirst(10, answer(http.StatusCreated, body, "X-Request-Id", "r-1"))
	_, _, err := newClient(t, cloud.options).CreateToken(t.Context(), settings)
	wantError(t, err, "201", "no secret", "r-1")
	if silent, ok := errors.AsType[cloudfleet.NoSecretError](err); !ok || silent.ID != someID {
		t.Errorf("got %+v", silent)
	}
	if !cloudfleet.MayHaveActed(err) {
		t.Error("MayHaveActed denies that there is a token")
	}
	wantCount(t, count, 1)
}

func TestAnswerAboutAnotherToken(t *testing.T) {
	t.Parallel()
	const id = "3jLp5Btz62FVy3hqKGX87u"
	o := serve(t, answer(http.StatusOK, `{"id":"`+id+`","name":"ci","role":"User","secret":"`+someSecret+`"}`))
	for _, name := range []string{"get", "update", "regenerate"} {
		err := callNamed(t, name, someID).do(t.Context(), newClient(t, o))
		wantError(t, err, "200 OK", "the answer is about a token with the ID", `"`+id+`"`)
		if cloudfleet.IsNotFound(err) {
			t.Errorf("%s: it is taken for not found", name)
		}
	}
	c := newClient(t, serve(t, answer(http.StatusCreated, `{"name":"ci","secret":"`+someSecret+`"}`)))
	_, _, err := c.CreateToken(t.Context(), settings)
	wantError(t, err, "201 Created", "the answer has no ID of a token")
}

// An invalid time must not lose the secret in the same answer.
func TestUnreadableTimeDoesNotCostTheSecret(t *testing.T) {
	t.Parallel()
	for _, value := range []string{`"yesterday"`, `1764000000`, `null`, `{}`, `""`} {
		c := newClient(t, serve(t, answer(
			http.StatusCreated,
			`{"id": "`+someID+`", "name": "ci", "role": "User", "created_at": `+value+`, "updated_at": "2026-01-02T03:04:05Z", "secret": "`+someSecret+`"}`,
		)))
		token, _, err := c.CreateToken(t.Context(), settings)
		if err != nil || token.Secret != someSecret || !token.CreatedAt.IsZero() || token.UpdatedAt.Year() != 2026 {
			t.Errorf("created_at %s: got %+v, %v", value, token, err)
		}
	}
}

// What an answer lacks is what was sent.
func TestCreateAnsweredWithoutNameAndRole(t *testing.T) {
	c := start(t)
	c.Intercept(func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			api.ServeHTTP(answer, r)
			var body map[string]any
			if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil {
				t.Error(err)
			}
			delete(body, "name")
			delete(body, "role")
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(answer.Code)
			_ = json.NewEncoder(w).Encode(body)
		})
	})
	if token, _, err := newClient(
		t,
		c.options,
	).CreateToken(
		t.Context(),
		settings,
	); err != nil || token.Name != settings.Name ||
		token.Role != settings.Role {
		t.Errorf("got %+v, %v", token, err)
	}
}

// A secret that works is tried once.
func TestAcceptedSecretTakesOneCall(t *testing.T) {
	c := start(t)
	token := c.newToken(t)
	client := newClient(t, c.options)
	c.ForgetRequests()
	if rejected, err := client.RejectsSecret(t.Context(), token.ID, token.Secret); rejected || err != nil || len(c.Requests()) != 1 {
		t.Errorf("rejected: %t, %v, after %d calls", rejected, err, len(c.Requests()))
	}
}

// An update replaces both, so that one alone would be lost.
func TestUpdateNeedsNameAndRole(t *testing.T) {
	c := start(t)
	client := newClient(t, c.options)
	for _, s := range []cloudfleet.TokenSettings{{Name: "ci"}, {Role: cloudfleet.RoleUser}} {
		if _, err := client.UpdateToken(t.Context(), someID, s); err == nil {
			t.Errorf("%+v was accepted", s)
		}
	}
	if requests := c.Requests(); len(requests) > 0 {
		t.Errorf("it has sent %v", requests)
	}
}

// A token that is on two pages, because the list shifted between them, is listed once.
func TestTokenOnTwoPagesIsListedOnce(t *testing.T) {
	c := start(t)
	c.Intercept(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("after") == "" {
				w.Header().Set("Link", `</v1/tokens?after=x>; rel="next"`)
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`[{"id": "` + someID + `", "name": "ci", "role": "User"}]`))
		})
	})
	count := 0
	for _, err := range newClient(t, c.options).ListTokens(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		count++
	}
	if count != 1 || len(c.Requests()) > 2 {
		t.Errorf("listed %d times", count)
	}
}

// A list that fails is not one that took too long.
func TestLeftoversOfAListThatFails(t *testing.T) {
	c := start(t)
	c.Intercept(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	})
	_, err := newClient(t, c.options).Leftovers(t.Context(), cloudfleet.Token{ID: someID}, time.Second)
	if cloudfleet.StatusCode(err) != http.StatusForbidden {
		t.Errorf("got %v", err)
	}
}
