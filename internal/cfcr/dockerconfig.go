package cfcr

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CredentialHelper is the name by which Docker finds Cloudfleet's CLI: it runs
// docker-credential-cloudfleet.
const CredentialHelper = "cloudfleet"

// entry has kubectl's names and order of the fields.
type entry struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Auth     string `json:"auth"`
}

// Auths returns a configuration with the credentials for a registry, and for more with
// the same credentials. For one registry it is byte for byte what `kubectl create secret
// docker-registry` stores as .dockerconfigjson: a secret that one tool creates and the
// other keeps shows no difference. Host names are converted to lower case, as clients
// look them up.
func Auths(hostname, username, password string, more ...string) (string, error) {
	if err := errors.Join(CheckUsername(username), CheckPassword(password)); err != nil {
		return "", err
	}
	auth := base64.StdEncoding.EncodeToString([]byte(username + ":" + password))
	entries := map[string]entry{}
	for _, host := range append(more, hostname) {
		if err := checkConfigHostname(host); err != nil {
			return "", err
		}
		entries[strings.ToLower(host)] = entry{username, password, auth}
	}
	// It escapes <, > and &, as kubectl does. Parsers see no difference.
	b, err := json.Marshal(map[string]map[string]entry{"auths": entries}) //nolint:gosec // the password is what it is for
	return string(b), err
}

func checkConfigHostname(s string) error { return checkText(s, "host name") }

// CheckUsername reports an error if Docker cannot log in with this user name. The error
// does not contain it: it may be part of a secret.
func CheckUsername(s string) error {
	if strings.Contains(s, ":") {
		return errors.New("a user name cannot have a colon, where it would end. The user name of an API token is its ID")
	}
	return checkText(s, "user name")
}

// CheckPassword reports an error if Docker cannot log in with this password. The error
// does not contain it.
func CheckPassword(s string) error { return checkText(s, "password") }

// checkText rejects what HTTP Basic does not allow (RFC 7617, section 2), what JSON would
// change, and an empty text, as kubectl does.
func checkText(s, what string) error {
	switch {
	case s == "":
		return fmt.Errorf("the %s is empty", what)
	case !utf8.ValidString(s):
		return fmt.Errorf("the %s is not UTF-8", what)
	case strings.ContainsFunc(s, unicode.IsControl):
		return fmt.Errorf("the %s has a control character, such as a line break. If it is read from a file, use trimspace()", what)
	}
	return nil
}
