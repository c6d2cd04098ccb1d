package mockserver

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxBody     = 1 << 20
	maxPageSize = 100
)

// handler handles an authenticated request, with the store locked.
type handler func(w http.ResponseWriter, r *http.Request, caller *record)

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /v1/organization", s.authenticated(s.getOrganization))
	mux.Handle("GET /v1/tokens", s.administrator(s.listTokens))
	mux.Handle("POST /v1/tokens", s.administrator(s.createToken))
	mux.Handle("GET /v1/tokens/{id}", s.token(s.getToken))
	mux.Handle("PUT /v1/tokens/{id}", s.token(s.updateToken))
	mux.Handle("DELETE /v1/tokens/{id}", s.token(s.deleteToken))
	mux.Handle("POST /v1/tokens/{id}/regenerate", s.token(s.regenerateToken))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, http.StatusNotFound, "no_such_endpoint", fmt.Sprintf("There is no %s %s.", r.Method, r.URL.Path))
	})
	return mux
}

func (s *Server) authenticated(next handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		s.store.mu.Lock()
		defer s.store.mu.Unlock()
		caller := s.store.authenticate(id, secret)
		if caller == nil {
			w.Header().Set("WWW-Authenticate", `Basic realm="Cloudfleet"`)
			writeError(w, http.StatusUnauthorized, "unauthorized", "The access token is not valid.")
			return
		}
		next(w, r, caller)
	})
}

func (s *Server) administrator(next handler) http.Handler {
	return s.authenticated(func(w http.ResponseWriter, r *http.Request, caller *record) {
		if caller.Role != roleAdministrator {
			writeError(w, http.StatusForbidden, "forbidden", "The access token's role is User, which may not manage tokens.")
			return
		}
		next(w, r, caller)
	})
}

// token passes on the token in the path instead of the caller's own.
func (s *Server) token(next handler) http.Handler {
	return s.administrator(func(w http.ResponseWriter, r *http.Request, caller *record) {
		t := s.store.find(caller.organization, r.PathValue("id"))
		if t == nil {
			writeError(w, http.StatusNotFound, "not_found", "There is no such token.")
			return
		}
		next(w, r, t)
	})
}

func (s *Server) getOrganization(w http.ResponseWriter, _ *http.Request, caller *record) {
	writeJSON(w, http.StatusOK, caller.organization)
}

func (s *Server) listTokens(w http.ResponseWriter, r *http.Request, caller *record) {
	query := r.URL.Query()
	limit, after := maxPageSize, 0
	for name, number := range map[string]*int{"limit": &limit, "after": &after} {
		if text := query.Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				writeError(w, http.StatusBadRequest, "invalid_parameter", name+" must be a whole number from 1 on.")
				return
			}
			*number = n
		}
	}
	limit = min(limit, maxPageSize)

	page := []Token{}
	last := 0
	for _, t := range s.store.records {
		if t.organization != caller.organization || t.number <= after {
			continue
		}
		if len(page) == limit {
			next := url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path}
			if r.TLS != nil {
				next.Scheme = "https"
			}
			next.RawQuery = url.Values{"limit": {strconv.Itoa(limit)}, "after": {strconv.Itoa(last)}}.Encode()
			w.Header().Set("Link", fmt.Sprintf(`<%s>; rel="next"`, &next))
			break
		}
		page, last = append(page, t.Token), t.number
	}
	writeJSON(w, http.StatusOK, page)
}

func (s *Server) createToken(w http.ResponseWriter, r *http.Request, caller *record) {
	settings, ok := readSettings(w, r)
	if !ok {
		return
	}
	writeJSON(w, http.StatusCreated, s.once(r, caller.organization, func() issued {
		return s.store.create(caller.organization, settings.name, settings.role)
	}))
}

// once issues a secret, or repeats the answer for a key that was seen before.
func (s *Server) once(r *http.Request, o *organization, issue func() issued) issued {
	key := r.Header.Get("Idempotency-Key")
	if key == "" || s.options.IgnoreIdempotencyKey {
		return issue()
	}
	key = o.ID + r.URL.Path + "/" + key
	answer, known := s.store.answers[key]
	if !known {
		answer = issue()
		s.store.answers[key] = answer
	}
	return answer
}

func (s *Server) getToken(w http.ResponseWriter, _ *http.Request, t *record) {
	writeJSON(w, http.StatusOK, t.Token)
}

func (s *Server) updateToken(w http.ResponseWriter, r *http.Request, t *record) {
	settings, ok := readSettings(w, r)
	if !ok {
		return
	}
	t.Name, t.Role, t.UpdatedAt = settings.name, settings.role, s.options.Now().UTC()
	writeJSON(w, http.StatusOK, t.Token)
}

func (s *Server) deleteToken(w http.ResponseWriter, _ *http.Request, t *record) {
	s.store.remove(t)
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) regenerateToken(w http.ResponseWriter, r *http.Request, t *record) {
	writeJSON(w, http.StatusOK, s.once(r, t.organization, func() issued {
		t.UpdatedAt = s.options.Now().UTC()
		return t.issueSecret()
	}))
}

type settings struct{ name, role string }

type fieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// readSettings reads the body of a create or an update, or answers with an error.
func readSettings(w http.ResponseWriter, r *http.Request) (settings, bool) {
	var body map[string]any
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil || json.Unmarshal(content, &body) != nil {
		writeError(w, http.StatusBadRequest, "invalid_json", "The body is not a JSON object.")
		return settings{}, false
	}
	var wrong []fieldError
	text := func(field string, problem func(string) string) string {
		value, isText := body[field].(string)
		if !isText {
			wrong = append(wrong, fieldError{field, "must be a text"})
		} else if p := problem(value); p != "" {
			wrong = append(wrong, fieldError{field, p})
		}
		return value
	}
	s := settings{text("name", nameProblem), text("role", roleProblem)}
	for field := range body {
		switch field {
		case "name", "role":
		case "id", "secret", "created_at", "updated_at":
			wrong = append(wrong, fieldError{field, "is read-only"})
		default:
			wrong = append(wrong, fieldError{field, "is not a field of a token"})
		}
	}
	if len(wrong) > 0 {
		writeError(w, http.StatusUnprocessableEntity, "validation_failed", "The token is not valid.", wrong...)
		return settings{}, false
	}
	return s, true
}

func nameProblem(name string) string {
	if n := utf8.RuneCountInString(name); n < 1 || n > 255 {
		return "must have 1 to 255 characters"
	}
	if strings.ContainsFunc(name, unicode.IsControl) || strings.TrimSpace(name) != name {
		return "must not have control characters, nor a space at either end"
	}
	return ""
}

func roleProblem(role string) string {
	if role != roleAdministrator && role != roleUser {
		return "must be Administrator or User"
	}
	return ""
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may have left
}

func writeError(w http.ResponseWriter, status int, code, message string, details ...fieldError) {
	if details == nil {
		details = []fieldError{}
	}
	writeJSON(w, status, map[string]any{"code": code, "message": message, "details": details})
}
