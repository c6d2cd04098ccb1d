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

// CredentialHelper is what Docker calls Cloudfleet's CLI: it runs
// docker-credential-cloudfleet.
const CredentialHelper = "cloudfleet"

// entry has the order and the names that kubectl gives the fields.
type entry struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Auth     string `json:"auth"`
}

// Auths is a configuration with the credentials for a registry, and for more that take
// the same. For one it is byte for byte what `kubectl create secret docker-registry`
// stores as .dockerconfigjson, so that a secret made by one and then kept by the other
// shows no difference. Host names are put into lower case, as clients look them up.
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
	return marshal(map[string]map[string]entry{"auths": entries})
}

// CredHelpers is a configuration by which Docker asks Cloudfleet's CLI for the
// credentials of these registries, as `cloudfleet auth configure-docker` writes it.
// It is sorted, and there has to be one host name at least. They are put into lower case.
func CredHelpers(hostnames []string) (string, error) {
	if len(hostnames) == 0 {
		return "", errors.New("there is no host name: name at least one registry")
	}
	helpers := make(map[string]string, len(hostnames))
	for _, hostname := range hostnames {
		if err := checkConfigHostname(hostname); err != nil {
			return "", err
		}
		helpers[strings.ToLower(hostname)] = CredentialHelper
	}
	return marshal(map[string]map[string]string{"credHelpers": helpers})
}

// marshal leaves the escaping of <, > and & in place: kubectl does, and to whoever
// reads JSON it makes no difference. Keys of a map come out sorted.
func marshal(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

func checkConfigHostname(s string) error { return checkText(s, "host name") }

// CheckUsername reports an error if Docker could not log in with this user name.
// The error does not show it: it may be half of a secret.
func CheckUsername(s string) error {
	if strings.Contains(s, ":") {
		return errors.New("a user name has no colon: it would end there. That of an API token is the token's ID")
	}
	return checkText(s, "user name")
}

// CheckPassword reports an error if Docker could not log in with this password. The
// error does not show it.
func CheckPassword(s string) error { return checkText(s, "password") }

// check rules out what HTTP Basic rules out (RFC 7617, section 2), what JSON would
// turn into something else, and what is empty, as kubectl does.
func checkText(s, what string) error {
	switch {
	case s == "":
		return fmt.Errorf("the %s is empty", what)
	case !utf8.ValidString(s):
		return fmt.Errorf("the %s is not UTF-8", what)
	case strings.ContainsFunc(s, unicode.IsControl):
		return fmt.Errorf("the %s has a control character in it, such as a line break. If it is read from a file, use trimspace()", what)
	}
	return nil
}
