package cloudfleet_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

func organizationCalls(cloud *cloud) (n int) {
	for _, r := range cloud.Requests() {
		if r.Path == "/v1/organization" {
			n++
		}
	}
	return n
}

func TestOrganizationIsAskedForOnce(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	id := cloud.newToken(t).ID
	cloud.options.OrganizationID = strings.ToUpper(cloud.OrganizationID)
	c := newClient(t, cloud.options)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := c.GetToken(t.Context(), id); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, call := range calls(id) {
		if err := call.do(t.Context(), c); err != nil && call.name != "rejects secret" {
			t.Errorf("%s: %s", call.name, err)
		}
	}
	// One for the check, one for the call of that name, and three for the secret.
	if n := organizationCalls(cloud); n > 5 {
		t.Errorf("got %d calls", n)
	}
}

func TestOtherOrganization(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	id := cloud.newToken(t).ID
	other := cloud.AddOrganization("Other")
	cloud.options.OrganizationID = other.OrganizationID
	for _, call := range calls(id) {
		switch call.name {
		case "rejects secret":
			continue // it is about the pair alone
		case "delete":
			call = callNamed(t, "delete", someID) // what exists may be deleted
		}
		err := call.do(t.Context(), newClient(t, cloud.options))
		if !errors.Is(err, cloudfleet.ErrOtherOrganization) || cloudfleet.MayHaveActed(err) {
			t.Errorf("%s: got %v", call.name, err)
		}
		wantError(t, err, cloud.OrganizationID, other.OrganizationID, `"Test"`)
	}
	for _, r := range cloud.Requests() {
		if r.Path != "/v1/organization" && r.Method != http.MethodDelete {
			t.Errorf("asked the other organization: %s", r)
		}
	}
}

// An error of the check before a call says nothing about the call itself.
func TestOrganizationThatCannotBeHad(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	id := cloud.newToken(t).ID
	cloud.options.OrganizationID = cloud.OrganizationID
	cloud.options.MaxRetries = 0
	c := newClient(t, cloud.options)
	for message, fault := range map[string]http.HandlerFunc{
		"404 Not Found": answer(404, `{"code":"not_found","message":"No."}`, "Content-Type", "application/json"),
		"500 Internal":  answer(500, ""),
		"200 OK":        answer(200, "{}"),
		"EOF":           cut,
	} {
		cloud.failFirst(10, fault)
		_, _, err := c.RegenerateToken(t.Context(), cloudfleet.KnownToken{ID: id})
		wantError(t, err, "/v1/organization", message)
		if cloudfleet.IsNotFound(err) || cloudfleet.MayHaveActed(err) {
			t.Errorf("it is taken for an answer about the token: %s", err)
		}
	}
	cloud.Intercept(nil)
	if _, _, err := c.RegenerateToken(t.Context(), cloudfleet.KnownToken{ID: id}); err != nil {
		t.Errorf("the question was not asked again: %s", err)
	}
}

// The caller that makes the call for all may be cancelled, and the others get their
// answers.
func TestOrganizationIsAskedForAgainAfterACancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, c, ids := bubbleWith(t, 1)
		cloud.failFirst(1, http.HandlerFunc(hang))
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := c.GetToken(ctx, ids[0]); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		group.Go(func() {
			if _, err := c.GetToken(t.Context(), ids[0]); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		cancel()
		group.Wait()
	})
}

func TestRejectsSecret(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	token := cloud.newToken(t)
	c := newClient(t, cloud.options)
	for secret, want := range map[string]bool{token.Secret: false, someSecret: true} {
		if rejected, err := c.RejectsSecret(t.Context(), token.ID, secret); rejected != want || err != nil {
			t.Errorf("got %t, %v, want %t", rejected, err, want)
		}
	}
	// Only the API's own 401 is an answer.
	for name, fault := range map[string]http.HandlerFunc{
		"401 of a proxy": answer(401, "<html>", "Content-Type", "text/html"),
		"403":            answer(403, `{"code":"forbidden","message":"No."}`),
		"404":            answer(404, `{"code":"not_found","message":"No."}`),
		"503":            answer(503, ""),
		"cut":            cut,
		"HTML":           answer(200, "<html>"),
	} {
		cloud.failFirst(10, fault)
		if rejected, err := c.RejectsSecret(t.Context(), token.ID, someSecret); rejected || err == nil {
			t.Errorf("%s: got %t, %v", name, rejected, err)
		}
	}
}
