package cloudfleet_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// An ID with which no later call is possible is an error where it is received.
func TestUnusableIDs(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"../organization", ".", strings.Repeat("a", 65), "a b", "a/b", "cf_secret_x"} {
		c := newClient(t, serve(t, answer(http.StatusCreated, `{"id":"`+id+`","name":"ci","role":"User","secret":"cf_secret_y"}`)))
		if _, _, err := c.CreateToken(
			t.Context(),
			settings,
		); err == nil || !cloudfleet.MayHaveActed(err) ||
			strings.Contains(err.Error(), "cf_secret_y") {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// A secret is not an ID, and is not shown.
func TestSecretInPlaceOfAnID(t *testing.T) {
	t.Parallel()
	if err := cloudfleet.CheckTokenID(someSecret); err == nil || strings.Contains(err.Error(), someSecret) {
		t.Errorf("got %v", err)
	}
}

// What the API says does nothing to a terminal.
func TestControlCharactersAreQuoted(t *testing.T) {
	t.Parallel()
	const said = `{"code":"bad\u001b[31m","message":"a\u0007b\u202ec\nd","details":[{"field":"na\u001bme","message":"x\u009b31m"}]}`
	for contentType, body := range map[string]string{
		"application/json":         said,
		"application/problem+json": `{"title":"a\u0007b\u202ec","code":"bad\u001b[31m","errors":[{"field":"na\u001bme","detail":"x\u009b31m"}]}`,
	} {
		c := newClient(t, serve(t, answer(http.StatusBadRequest, body, "Content-Type", contentType, "X-Request-Id", "r\u202e1")))
		_, err := c.GetToken(t.Context(), someID)
		e, _ := errors.AsType[*cloudfleet.Error](err)
		if e == nil || strings.ContainsAny(err.Error(), "\x1b\x07\u202e\u009b\n") || !strings.Contains(e.Message, `\u202e`) {
			t.Errorf("%s: %q", contentType, err)
		}
	}
}

// An endpoint without the API is found before anything is created.
func TestAccessToAWrongEndpoint(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.Handler{
		"the API's own 404": answer(404, `{"code":"not_found","message":"no route"}`),
		"a page":            answer(404, "<html>", "Content-Type", "text/html"),
		"405":               answer(405, ""),
	} {
		if err := newClient(t, serve(t, handler)).CheckAccess(t.Context()); err == nil {
			t.Errorf("%s: the create would be planned", name)
		}
	}
	// An API that does not show a token itself is no obstacle.
	cloud := start(t)
	cloud.Intercept(func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/tokens/") {
				answer(404, `{"code":"not_found","message":"No."}`)(w, r)
				return
			}
			api.ServeHTTP(w, r)
		})
	})
	if err := newClient(t, cloud.options).CheckAccess(t.Context()); err != nil {
		t.Error(err)
	}
}

// The short attempt of SeenOrganization does not limit a caller that needs the answer.
func TestSeenOrganizationLimitsOnlyItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, c := inBubble(t, mockserver.Options{})
		cloud.Intercept(func(api http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(7 * time.Second)
				api.ServeHTTP(w, r)
			})
		})
		done := make(chan error)
		go func() {
			time.Sleep(time.Second) // the short attempt is in flight
			_, err := c.Organization(context.Background())
			done <- err
		}()
		if id := c.SeenOrganization(t.Context()); id != "" {
			t.Errorf("the short attempt had %q", id)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
