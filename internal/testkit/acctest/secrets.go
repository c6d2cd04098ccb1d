package acctest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
)

// Secrets returns every secret that was issued, even if its answer was lost. The
// provider's own is the first.
func (c *Cloud) Secrets() []string {
	return append([]string{c.TokenSecret}, c.SecretsOf(func(string) bool { return true })...)
}

// SecretsOf returns the secrets that were issued to tokens with such names.
func (c *Cloud) SecretsOf(tokens func(name string) bool) []string {
	c.secrets.mu.Lock()
	defer c.secrets.mu.Unlock()
	var found []string
	for _, one := range c.secrets.issued {
		if tokens(one.Name) {
			found = append(found, one.Secret)
		}
	}
	return found
}

// secrets are those that the mock server has issued. It does not store them, so they are
// taken from its answers.
type secrets struct {
	mu     sync.Mutex
	issued []issued
}

type issued struct{ Name, Secret string }

// note passes every call on to api, and stores the secret in its answer.
func (s *secrets) note(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		api.ServeHTTP(answer, r)
		var one issued
		if json.Unmarshal(answer.Body.Bytes(), &one) == nil && one.Secret != "" {
			s.mu.Lock()
			if !slices.Contains(s.issued, one) {
				s.issued = append(s.issued, one)
			}
			s.mu.Unlock()
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}
