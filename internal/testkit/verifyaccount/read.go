package verifyaccount

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// read checks everything that needs no change.
func (s *session) read(ctx context.Context) {
	organization := s.call(ctx, http.MethodGet, "/organization", s.own, "")
	switch organization.status {
	case http.StatusUnauthorized:
		s.bearer = true
		if again := s.call(ctx, http.MethodGet, "/organization", s.own, ""); again.status == http.StatusOK {
			s.differs("authentication", "Basic is rejected (401), and the secret is accepted as a Bearer token")
			organization = again
		} else {
			s.bearer = false
			s.differs("authentication", "Basic is rejected (401), and so is the secret as a Bearer token")
		}
	case http.StatusOK:
		s.holds("authentication", "Basic")
	}
	if s.status("organization", organization, http.StatusOK) {
		id := text(organization.body, "id")
		s.check("organization.id", uuid.MatchString(id) && (s.o.OrganizationID == "" || strings.EqualFold(id, s.o.OrganizationID)),
			describe(field(organization.body, "id"))+ifOther(uuid.MatchString(id) && !strings.EqualFold(id, s.o.OrganizationID)))
		s.checkField("organization.name", organization.body, "name", func(v string) bool { return v != "" })
	}
	s.status("no access without credentials", s.call(ctx, http.MethodGet, "/organization", login{}, ""), http.StatusUnauthorized)
	s.status(
		"error 401",
		s.call(ctx, http.MethodGet, "/organization", login{s.own.id, "cf_secret_" + strings.Repeat("0", 32)}, ""),
		http.StatusUnauthorized,
	)

	list := s.call(ctx, http.MethodGet, "/tokens?limit=100", s.own, "")
	if s.status("list", list, http.StatusOK) {
		tokens := s.envelope(list)
		for _, token := range tokens {
			s.checkToken(token)
		}
		s.checkPages(ctx, len(tokens))
		s.checkOne(ctx, tokens)
	}
	missing := s.call(ctx, http.MethodGet, "/tokens/1111111111111111111111", s.own, "")
	if s.status("error 404", missing, http.StatusNotFound) {
		if code := text(missing.body, "code"); code != "" && code != "not_found" {
			s.differs("error 404", "404 with another code")
		}
	}
}

func ifOther(other bool) string {
	if other {
		return ", another one than configured"
	}
	return ""
}

// envelope returns the tokens in an answer, wherever they are.
func (s *session) envelope(a answer) []any {
	if tokens, isArray := a.body.([]any); isArray {
		s.holds("list envelope", "an array")
		return tokens
	}
	s.differs("list envelope", describe(a.body))
	object, _ := a.body.(map[string]any)
	for _, value := range object {
		if tokens, isArray := value.([]any); isArray {
			return tokens
		}
	}
	return nil
}

var next = regexp.MustCompile(`<([^>]*)>\s*;[^,]*rel="?next"?`)

// nextPage returns the URL of the page after this one, if the answer names one. RFC 8288
// allows a relative one.
func nextPage(a answer) (address string, ok bool) {
	link := next.FindStringSubmatch(strings.Join(a.header.Values("Link"), ", "))
	if link == nil {
		return "", false
	}
	absolute, err := a.url.Parse(link[1])
	if err != nil {
		return "", true
	}
	return absolute.String(), true
}

// isOfAPI reports whether a URL belongs to the API: no secret is sent elsewhere.
func (s *session) isOfAPI(url string) bool {
	return strings.HasPrefix(url, strings.TrimSuffix(s.o.Endpoint, "/")+"/")
}

// checkPages reads a page of one token, and follows its link, unless that leads away from
// the API.
func (s *session) checkPages(ctx context.Context, all int) {
	first := s.call(ctx, http.MethodGet, "/tokens?limit=1", s.own, "")
	if first.status != http.StatusOK || all == 0 {
		return
	}
	tokens := s.envelope(first)
	s.check("list limit", len(tokens) == 1, countOf(len(tokens)))
	if all < 2 {
		s.results["list pages"].Seen = "there are fewer than two tokens"
		return
	}
	link, ok := nextPage(first)
	switch {
	case !ok && len(tokens) == all:
	case !ok:
		s.differs("list pages", "no such header, in the answer "+describe(first.body))
	case !s.isOfAPI(link):
		s.differs("list pages", "a link that does not lead to the endpoint")
	default:
		second := s.call(ctx, http.MethodGet, link, s.own, "")
		more := s.envelope(second)
		s.check("list pages", len(more) > 0 && len(tokens) > 0 && text(more[0], "id") != text(tokens[0], "id"),
			"the next page: "+countOf(len(more)))
	}
}

// checkOne reads the run's own token by its ID, or else the first.
func (s *session) checkOne(ctx context.Context, tokens []any) {
	i := max(0, slices.IndexFunc(tokens, func(token any) bool { return text(token, "id") == s.own.id }))
	if len(tokens) == 0 || text(tokens[i], "id") == "" {
		return
	}
	one := s.call(ctx, http.MethodGet, "/tokens/"+text(tokens[i], "id"), s.own, "")
	if s.status("token", one, http.StatusOK) {
		s.checkToken(one.body)
		s.check("list and GET", sameToken(tokens[i], one.body), "ID, name and role of both")
	}
}

func sameToken(a, b any) bool {
	for _, name := range []string{"id", "name", "role"} {
		if text(a, name) != text(b, name) {
			return false
		}
	}
	return true
}

var tokenFields = []string{"id", "name", "role", "created_at", "updated_at"}

// checkToken checks the fields of a token in a list or an answer to a GET.
func (s *session) checkToken(token any) {
	s.checkField("token.id", token, "id", base58.MatchString)
	s.checkField("token.name", token, "name", func(v string) bool { return v != "" && len([]rune(v)) <= 255 })
	s.checkField("token.created_at", token, "created_at", isTime)
	s.checkField("token.updated_at", token, "updated_at", isTime)
	role := text(token, "role")
	switch {
	case role == "Administrator", role == "User":
		s.holds("token.role", "as the contract writes it")
	case strings.EqualFold(role, "Administrator"), strings.EqualFold(role, "User"):
		s.differs("token.role", "in another case: "+role)
		s.respell(role)
	default:
		s.differs("token.role", describe(field(token, "role"))+", of another name")
	}
	fields, _ := token.(map[string]any)
	var others []string
	for name := range fields {
		if !slices.Contains(tokenFields, name) {
			others = append(others, name)
		}
	}
	if len(others) > 0 {
		s.differs("token, other fields", names(others))
	} else {
		s.holds("token, other fields", "none")
	}
}

// respell uses the spelling of roles of this server.
func (s *session) respell(role string) {
	switch role {
	case strings.ToLower(role):
		s.administrator, s.user = "administrator", "user"
	case strings.ToUpper(role):
		s.administrator, s.user = "ADMINISTRATOR", "USER"
	}
}

// checkField checks a field of an object that is a string.
func (s *session) checkField(name string, object any, fieldName string, ok func(string) bool) {
	fields, _ := object.(map[string]any)
	value, exists := fields[fieldName]
	if !exists {
		s.differs(name, "no such field, in "+describe(object))
		return
	}
	str, isString := value.(string)
	s.check(name, isString && ok(str), describe(value))
}
