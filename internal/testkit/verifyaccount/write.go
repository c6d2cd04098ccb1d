package verifyaccount

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
)

// write checks what needs a token of its own, and deletes it again. It does not change
// other tokens.
func (s *session) write(ctx context.Context) {
	before, _ := s.tokens(ctx) // the name of its own tokens is what counts
	s.existing = map[string]bool{s.own.id: true}
	for _, token := range before {
		s.existing[text(token, "id")] = true
	}
	defer s.cleanUp(context.WithoutCancel(ctx))
	key := newKey()
	created := s.create(ctx, key)
	if !s.status("create", created, http.StatusCreated) {
		return
	}
	if !s.isOurs(created) {
		s.differs("create", created.seen()+", about a token that was there before, or of another name: it was not touched")
		return
	}
	token := login{text(created.body, "id"), text(created.body, "secret")}
	s.checkField("secret", created.body, "secret", secrets.MatchString)
	steps := []func(context.Context, *login){
		s.checkCreates(key), s.checkRefused, s.checkNewSecret, s.checkUpdate, s.checkRegenerate, s.checkDelete,
	}
	for _, step := range steps {
		if ctx.Err() != nil {
			return
		}
		step(ctx, &token)
	}
}

func (s *session) settings(name, role string) string {
	body, _ := json.Marshal(map[string]string{"name": name, "role": role}) // strings only
	return string(body)
}

// create creates a token with the run's name, and records it for the clean-up.
func (s *session) create(ctx context.Context, key string) answer {
	a := s.call(ctx, http.MethodPost, "/tokens", s.own, s.settings(s.name, s.user), "Idempotency-Key", key)
	if s.isOurs(a) {
		s.created = append(s.created, text(a.body, "id"))
	} else if a.err != nil || a.status/100 != 4 {
		s.isLost = true
	}
	return a
}

var usableID = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

// isOurs reports whether an answer to a create is about a token that this run has created.
func (s *session) isOurs(a answer) bool {
	id := text(a.body, "id")
	isNamed := text(a.body, "name") == s.name || field(a.body, "name") == nil // an answer may lack it
	return a.status/100 == 2 && usableID.MatchString(id) && isNamed && !s.existing[id]
}

func (s *session) checkCreates(key string) func(context.Context, *login) {
	return func(ctx context.Context, token *login) {
		again := s.create(ctx, key)
		switch {
		case again.err != nil:
		case s.isOurs(again) && text(again.body, "id") != token.id:
			s.holds("idempotency key", "another token: the key is ignored, which is allowed")
		case s.isOurs(again):
			s.holds("idempotency key", "the same token")
			if secret := text(again.body, "secret"); secret != "" {
				token.secret = secret
			}
		default:
			s.differs("idempotency key", again.seen()+", not the same token")
		}
		if ctx.Err() != nil {
			return
		}
		if second := s.create(ctx, newKey()); second.err == nil {
			s.check("equal names", second.status/100 == 2, second.seen())
		}
	}
}

func (s *session) checkRefused(ctx context.Context, _ *login) {
	s.status("error 400", s.call(ctx, http.MethodPost, "/tokens", s.own, "{", "Idempotency-Key", newKey()), http.StatusBadRequest)
	if ctx.Err() != nil {
		return
	}
	a := s.call(ctx, http.MethodPost, "/tokens", s.own, s.settings(s.name, "NoSuchRole"), "Idempotency-Key", newKey())
	if s.status("error 422", a, http.StatusUnprocessableEntity) {
		details, _ := field(a.body, "details").([]any)
		about := slices.ContainsFunc(details, func(d any) bool { return text(d, "field") == "role" })
		isOwnForm := text(a.body, "code") != ""
		if isOwnForm && !about {
			s.differs("error 422", "422 without details about the field role")
		}
	}
}

func (s *session) checkNewSecret(ctx context.Context, token *login) {
	s.soon(ctx, "new secret", func() bool {
		return s.call(ctx, http.MethodGet, "/organization", *token, "").status == http.StatusOK
	})
	s.status("error 403", s.call(ctx, http.MethodGet, "/tokens?limit=1", *token, ""), http.StatusForbidden)
	if s.o.Registry != "" {
		s.soon(ctx, "registry login of a User", func() bool {
			accepted, _ := s.registryAccepts(ctx, *token)
			return accepted
		})
	}
}

func (s *session) checkUpdate(ctx context.Context, token *login) {
	name := s.name + "-renamed"
	updated := s.call(ctx, http.MethodPut, "/tokens/"+token.id, s.own, s.settings(name, s.administrator))
	if !s.status("update", updated, http.StatusOK) {
		return
	}
	isNew := func(t any) bool { return text(t, "name") == name && text(t, "role") == s.administrator }
	s.check("update", isNew(updated.body), "200, with "+describe(updated.body))
	s.soon(ctx, "read after write", func() bool {
		one := s.call(ctx, http.MethodGet, "/tokens/"+token.id, s.own, "")
		return isNew(one.body) && s.listHas(ctx, func(t any) bool { return text(t, "id") == token.id && isNew(t) })
	})
}

// listHas reports whether a token of the list is as wanted.
func (s *session) listHas(ctx context.Context, want func(any) bool) bool {
	all, _ := s.tokens(ctx)
	return slices.ContainsFunc(all, want)
}

// tokens returns all tokens of the organization, page by page, and whether it could read
// them all.
func (s *session) tokens(ctx context.Context) (all []any, ok bool) {
	const most = 100
	path := "/tokens?limit=100"
	for range most {
		a := s.call(ctx, http.MethodGet, path, s.own, "")
		if a.status != http.StatusOK {
			return all, false
		}
		all = append(all, s.envelope(a)...)
		next, more := nextPage(a)
		if !more || !s.isOfAPI(next) {
			return all, !more
		}
		path = next
	}
	return all, false
}

func (s *session) checkRegenerate(ctx context.Context, token *login) {
	old := *token
	regenerated := s.call(ctx, http.MethodPost, "/tokens/"+token.id+"/regenerate", s.own, "", "Idempotency-Key", newKey())
	if !s.status("regenerate", regenerated, http.StatusOK) {
		return
	}
	secret := text(regenerated.body, "secret")
	s.check("regenerate", secret != "" && secret != old.secret, "200, with "+describe(regenerated.body))
	token.secret = secret
	s.soon(ctx, "old secret at the API", func() bool {
		return s.call(ctx, http.MethodGet, "/organization", old, "").status == http.StatusUnauthorized
	})
	if s.o.Registry != "" {
		s.soon(ctx, "old secret at the registry", func() bool {
			accepted, answered := s.registryAccepts(ctx, old)
			return answered && !accepted
		})
	}
}

func (s *session) checkDelete(ctx context.Context, token *login) {
	if !s.status("delete", s.call(ctx, http.MethodDelete, "/tokens/"+token.id, s.own, ""), http.StatusNoContent) {
		return
	}
	s.soon(ctx, "deleted token", func() bool {
		return s.call(ctx, http.MethodGet, "/tokens/"+token.id, s.own, "").status == http.StatusNotFound &&
			s.call(ctx, http.MethodGet, "/organization", *token, "").status == http.StatusUnauthorized
	})
}

// cleanUp deletes what the run has created: the tokens with its name that were not there
// before, each looked at again. If the list cannot be read, it says what to search for.
func (s *session) cleanUp(ctx context.Context) {
	all, ok := s.tokens(ctx)
	if !ok && s.isLost {
		s.left = append(s.left, "perhaps tokens named "+s.name+", for which it could not look: search for them")
	}
	ids := s.created
	for _, token := range all {
		if id := text(token, "id"); !s.existing[id] && usableID.MatchString(id) && s.hasOurName(token) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		one := s.call(ctx, http.MethodGet, "/tokens/"+id, s.own, "")
		if one.status/100 == 4 {
			continue // it is gone
		}
		if !s.hasOurName(one.body) && field(one.body, "name") != nil {
			s.left = append(s.left, id)
			continue
		}
		a := s.call(ctx, http.MethodDelete, "/tokens/"+id, s.own, "")
		if isGone := a.status/100 == 2 || a.status == http.StatusNotFound || a.status == http.StatusGone; !isGone {
			s.left = append(s.left, id)
		}
	}
}

func (s *session) hasOurName(token any) bool {
	name := text(token, "name")
	return name == s.name || name == s.name+"-renamed"
}
