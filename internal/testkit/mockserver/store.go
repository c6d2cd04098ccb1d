package mockserver

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver/registry"
)

const (
	roleAdministrator = "Administrator"
	roleUser          = "User"
)

type organization struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Token is an API token as the API shows it.
type Token struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Role      string    `json:"role"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// issued is a token in the two answers that show its secret.
type issued struct {
	Token
	Secret string `json:"secret"`
}

type record struct {
	Token
	organization *organization
	// number orders tokens by creation.
	number int
	// secretHash is stored instead of the secret, which cannot be shown again.
	secretHash [sha256.Size]byte
}

// store is the state. Its methods require mu to be held.
type store struct {
	mu      sync.Mutex
	now     func() time.Time
	records []*record
	created int
	// answers are the answers to creates, by organization and idempotency key.
	answers map[string]issued
}

func (s *store) create(o *organization, name, role string) issued {
	s.created++
	now := s.now().UTC()
	t := &record{
		Token:        Token{ID: random(base58, 22), Name: name, Role: role, CreatedAt: now, UpdatedAt: now},
		organization: o,
		number:       s.created,
	}
	s.records = append(s.records, t)
	return t.issueSecret()
}

func (t *record) issueSecret() issued {
	secret := "cf_secret_" + random(base62, 32)
	t.secretHash = sha256.Sum256([]byte(secret))
	return issued{t.Token, secret}
}

// find returns the organization's token with this ID, or nil.
func (s *store) find(o *organization, id string) *record {
	i := slices.IndexFunc(s.records, func(t *record) bool { return t.ID == id && t.organization == o })
	if i < 0 {
		return nil
	}
	return s.records[i]
}

func (s *store) remove(t *record) {
	s.records = slices.DeleteFunc(s.records, func(other *record) bool { return other == t })
}

// authenticate returns the token that has this ID and secret, or nil.
func (s *store) authenticate(id, secret string) *record {
	hash := sha256.Sum256([]byte(secret))
	for _, t := range s.records {
		if t.ID == id && subtle.ConstantTimeCompare(hash[:], t.secretHash[:]) == 1 {
			return t
		}
	}
	return nil
}

// Tokens returns the tokens of an organization, oldest first.
func (s *Server) Tokens(organizationID string) []Token {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	var tokens []Token
	for _, t := range s.store.records {
		if t.organization.ID == organizationID {
			tokens = append(tokens, t.Token)
		}
	}
	return tokens
}

// Accepts reports whether ID and secret are valid now.
func (s *Server) Accepts(id, secret string) bool {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	return s.store.authenticate(id, secret) != nil
}

func (s *Server) registryAccess(id, secret string) (registry.Access, bool) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	t := s.store.authenticate(id, secret)
	if t == nil {
		return registry.Access{}, false
	}
	return registry.Access{OrganizationID: t.organization.ID, Push: t.Role == roleAdministrator}, true
}

const (
	base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

func random(alphabet string, length int) string {
	b := make([]byte, length)
	_, _ = rand.Read(b) // never fails: it ends the process instead
	for i := range b {
		b[i] = alphabet[int(b[i])%len(alphabet)]
	}
	return string(b)
}

func newUUID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
