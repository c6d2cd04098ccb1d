package cloudfleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// This file has what the client assumes about the API. The vendor has published the base
// URL, the operations, the roles and the form of IDs and secrets. The rest is assumed:
// paths, fields, headers, Basic authentication. The OpenAPI document in testkit/contract
// describes the same, and the tests check the client against it.

// DefaultEndpoint is the base URL of the public API (published).
const DefaultEndpoint = "https://api.cloudfleet.ai/v1"

const (
	pathOrganization = "organization"
	pathTokens       = "tokens"
	pathRegenerate   = "regenerate"

	headerRequestID = "X-Request-Id"
	// headerIdempotencyKey is in lower case, which is the same header: net/http sends a
	// request with "Idempotency-Key" again by itself.
	headerIdempotencyKey = "idempotency-key"

	// codeNotFound is the code of an error about something that does not exist.
	codeNotFound = "not_found"

	// pageSize is the largest page that the API serves, in tokens.
	pageSize = 100
)

func authenticate(req *http.Request, id, secret string) { req.SetBasicAuth(id, secret) }

// Role is what a token may do at the API and in the registries of its organization, as
// the vendor's CLI spells it.
type Role string

const (
	// RoleAdministrator pushes and pulls images and manages tokens.
	RoleAdministrator Role = "Administrator"
	// RoleUser pulls images.
	RoleUser Role = "User"
)

// Token is an API token. Secret is empty except in the answers to a create and a
// regenerate. In these two, UpdatedAt is when the secret was issued.
type Token struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Role      Role      `json:"role"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Secret    string    `json:"secret"`
}

// UnmarshalJSON converts the name to Unicode form NFC. A time that it cannot parse is
// left zero: an invalid date must not lose the secret beside it.
func (t *Token) UnmarshalJSON(content []byte) error {
	type fields Token
	raw := struct {
		*fields
		CreatedAt any `json:"created_at"`
		UpdatedAt any `json:"updated_at"`
	}{fields: (*fields)(t)}
	if err := json.Unmarshal(content, &raw); err != nil {
		return err
	}
	t.Name = norm.NFC.String(t.Name) // names that look the same are equal
	t.CreatedAt, t.UpdatedAt = parseTime(raw.CreatedAt), parseTime(raw.UpdatedAt)
	return nil
}

func parseTime(value any) time.Time {
	text, _ := value.(string)
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// TokenSettings is what a user decides about a token: the whole body of a create and of
// an update, which replaces both.
type TokenSettings struct {
	Name string `json:"name"`
	Role Role   `json:"role"`
}

// Organization is the organization of the access token. ID is a UUID.
type Organization struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// errorBody is the body of an answer with a status from 400 on.
type errorBody struct {
	Code    string       `json:"code"`
	Message string       `json:"message"`
	Details []FieldError `json:"details"`
}

// FieldError is the API's objection to one field of a request's body.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// CheckRole reports an error that names the two roles, or the right spelling if only the
// case is wrong.
func CheckRole(role string) error {
	known := []Role{RoleAdministrator, RoleUser}
	for _, r := range known {
		if role == string(r) {
			return nil
		}
		if strings.EqualFold(role, string(r)) {
			return fmt.Errorf("%q is not a role, but %q is: roles are written with a capital letter", role, r)
		}
	}
	return fmt.Errorf("%q is not a role. Use %q (push and pull images, manage tokens) or %q (pull images)", role, RoleAdministrator, RoleUser)
}

const maxNameLength = 255

// CheckTokenName reports an error unless name has 1 to 255 characters, no
// control character, and no space at either end.
func CheckTokenName(name string) error {
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return fmt.Errorf("a token's name must have at least one character")
	case n > maxNameLength:
		return fmt.Errorf("a token's name can have at most %d characters, this one has %d", maxNameLength, n)
	case strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("a token's name cannot have control characters, such as a line break: %q", name)
	case strings.TrimSpace(name) != name:
		return fmt.Errorf("a token's name cannot have a space at its beginning or end: %q", name)
	}
	return nil
}

// The length is checked elsewhere: an expression that counts to 64 takes time to compile
// at each start.
var tokenID = regexp.MustCompile(`^[0-9A-Za-z_-]+$`)

const (
	maxIDLength = 64
	// secretPrefix begins each secret.
	secretPrefix = "cf_secret_"
)

// CheckTokenID reports an error unless id can be part of a path: 1 to 64
// letters, digits, "-" and "_". Cloudfleet's own are 22 characters of base 58.
func CheckTokenID(id string) error {
	if strings.HasPrefix(id, secretPrefix) {
		return errors.New("this is a secret, and not the ID of an API token, which looks like 2iKo4Asy51EUx2gpJFW76t")
	}
	if len(id) > maxIDLength || !tokenID.MatchString(id) {
		given := strconv.Quote(id)
		if id == "" {
			given = "null or an empty text"
		}
		return fmt.Errorf("%s is not the ID of an API token, which looks like 2iKo4Asy51EUx2gpJFW76t", given)
	}
	return nil
}
