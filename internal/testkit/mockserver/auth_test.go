package mockserver_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

func TestCredentialsAreRequired(t *testing.T) {
	admin := start(t, mockserver.Options{})
	stranger := admin.AddOrganization("Another")
	for name, caller := range map[string]api{
		"none":               admin.as("", ""),
		"wrong secret":       admin.as(admin.TokenID, "cf_secret_wrong"),
		"no secret":          admin.as(admin.TokenID, ""),
		"wrong ID":           admin.as(absentID, admin.TokenSecret),
		"somebody else's ID": admin.as(stranger.TokenID, admin.TokenSecret),
	} {
		for _, e := range append(tokenEndpoints(admin.TokenID), endpoint{http.MethodGet, "/organization", ""}) {
			t.Run(name+"/"+e.method+e.path, func(t *testing.T) {
				got := caller.call(t, e.method, e.path, e.body)
				wantError(t, got, http.StatusUnauthorized, "unauthorized")
				if got.header.Get("WWW-Authenticate") == "" {
					t.Error("there is no WWW-Authenticate")
				}
			})
		}
	}
	wantStatus(
		t,
		admin.call(t, http.MethodGet, "/tokens/"+admin.TokenID, "", header("Authorization", "Bearer "+admin.TokenSecret)),
		http.StatusUnauthorized,
	)
	if tokens := admin.Tokens(admin.OrganizationID); len(tokens) != 1 {
		t.Errorf("something was done: %v", tokens)
	}
}

func TestOldSecretIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	admin := start(t, mockserver.Options{})
	issued := admin.create(t, "ci")
	before := admin.as(issued.ID, issued.Secret)
	wantStatus(t, before.call(t, http.MethodGet, "/organization", ""), http.StatusOK)

	regenerated := admin.call(t, http.MethodPost, "/tokens/"+issued.ID+"/regenerate", "").token(t)
	after := admin.as(issued.ID, regenerated.Secret)
	wantStatus(t, before.call(t, http.MethodGet, "/organization", ""), http.StatusUnauthorized)
	wantStatus(t, after.call(t, http.MethodGet, "/organization", ""), http.StatusOK)
	if admin.Accepts(issued.ID, issued.Secret) || !admin.Accepts(issued.ID, regenerated.Secret) {
		t.Error("Accepts sees it otherwise")
	}

	wantStatus(t, admin.call(t, http.MethodDelete, "/tokens/"+issued.ID, ""), http.StatusNoContent)
	wantStatus(t, after.call(t, http.MethodGet, "/organization", ""), http.StatusUnauthorized)
	if admin.Accepts(issued.ID, regenerated.Secret) {
		t.Error("Accepts sees it otherwise")
	}
}

func TestUserMayNotManageTokens(t *testing.T) {
	admin := start(t, mockserver.Options{})
	issued := admin.create(t, "ci")
	user := admin.as(issued.ID, issued.Secret)
	for _, id := range []string{issued.ID, admin.TokenID, absentID} {
		for _, e := range tokenEndpoints(id) {
			t.Run(e.String(), func(t *testing.T) {
				wantError(t, user.call(t, e.method, e.path, e.body), http.StatusForbidden, "forbidden")
			})
		}
	}
	wantStatus(t, user.call(t, http.MethodGet, "/organization", ""), http.StatusOK)
	if !admin.Accepts(issued.ID, issued.Secret) || len(admin.Tokens(admin.OrganizationID)) != 2 {
		t.Error("something was done")
	}

	// The present role counts, not that at the creation.
	wantStatus(t, admin.call(t, http.MethodPut, "/tokens/"+issued.ID, settings("ci", "Administrator")), http.StatusOK)
	wantStatus(t, user.call(t, http.MethodGet, "/tokens", ""), http.StatusOK)
}

func TestOrganizationsDoNotSeeEachOther(t *testing.T) {
	ours := start(t, mockserver.Options{})
	other := ours.AddOrganization("Another")
	theirs := ours.as(other.TokenID, other.TokenSecret)
	secret := theirs.create(t, "theirs")
	for _, e := range endpointsOf(secret.ID) {
		t.Run(e.String(), func(t *testing.T) {
			wantError(t, ours.call(t, e.method, e.path, e.body), http.StatusNotFound, "not_found")
		})
	}
	if !ours.Accepts(secret.ID, secret.Secret) {
		t.Error("the other organization's token was changed")
	}
	for _, listed := range decode[[]token](t, ours.call(t, http.MethodGet, "/tokens", "")) {
		if listed.ID != ours.TokenID {
			t.Errorf("%s is listed", listed.Name)
		}
	}
	type organization struct{ ID, Name string }
	got := decode[organization](t, theirs.call(t, http.MethodGet, "/organization", ""))
	if want := (organization{other.OrganizationID, "Another"}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	names := func(tokens []mockserver.Token) (names []string) {
		for _, t := range tokens {
			names = append(names, t.Name)
		}
		return names
	}
	first := "mock server's first token"
	if got := names(ours.Tokens(ours.OrganizationID)); !slices.Equal(got, []string{first}) {
		t.Errorf("ours are %v", got)
	}
	if got := names(ours.Tokens(other.OrganizationID)); !slices.Equal(got, []string{first, "theirs"}) {
		t.Errorf("theirs are %v", got)
	}
}
