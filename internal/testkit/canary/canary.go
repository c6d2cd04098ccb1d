// Package canary finds secrets in logs, messages and crashes. It is for tests.
package canary

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Finder finds secrets in texts.
type Finder struct {
	forms []form
}

// form is a spelling of a piece of a secret.
type form struct{ name, text string }

// pieceMin is the shortest half of a secret, in bytes, that counts as the secret. Shorter
// pieces can occur by chance.
const pieceMin = 8

// New returns a finder of these secrets in plain text, URLs, JSON, Go, base64 and
// hexadecimal digits. Half of a secret counts as the whole.
func New(secrets ...string) *Finder {
	f := &Finder{}
	for _, secret := range secrets {
		half := len(secret) / 2
		pieces := []string{secret[:half], secret[half:]}
		if half < pieceMin {
			pieces = []string{secret}
		}
		for _, piece := range pieces {
			for _, one := range formsOf(piece) {
				if !slices.ContainsFunc(f.forms, func(other form) bool { return other.text == one.text }) {
					f.forms = append(f.forms, one)
				}
			}
		}
	}
	return f
}

func formsOf(piece string) []form {
	inJSON, _ := json.Marshal(piece) // a string is always JSON
	forms := []form{
		{"as it is", piece},
		{"JSON", strings.Trim(string(inJSON), `"`)},
		{"Go", strings.Trim(strconv.Quote(piece), `"`)},
		{"URL, path", url.PathEscape(piece)},
		{"URL, query", url.QueryEscape(piece)},
		{"hexadecimal", hex.EncodeToString([]byte(piece))},
		{"hexadecimal, upper case", strings.ToUpper(hex.EncodeToString([]byte(piece)))},
		{"bytes", strings.Trim(fmt.Sprintf("%d", []byte(piece)), "[]")},
	}
	for before := range 3 {
		forms = append(forms,
			form{"base64", within(base64.RawStdEncoding, piece, before)},
			form{"base64 for URLs", within(base64.RawURLEncoding, piece, before)})
	}
	return forms
}

// within returns the part of a piece's base64 that does not depend on what is before and
// after it.
func within(encoding *base64.Encoding, piece string, before int) string {
	encoded := encoding.EncodeToString([]byte(strings.Repeat("\x00", before) + piece))
	if (before+len(piece))%3 != 0 {
		encoded = encoded[:len(encoded)-1] // shared with what follows
	}
	return encoded[(before*8+5)/6:]
}

// Find returns what it found in text: each form once, with its surroundings.
func (f *Finder) Find(text string) []string {
	const around = 80
	var found []string
	for _, one := range f.forms {
		if at := strings.Index(text, one.text); at >= 0 {
			found = append(found, fmt.Sprintf("%s: …%s…", one.name, text[max(0, at-around):min(len(text), at+len(one.text)+around)]))
		}
	}
	return found
}

// Check reports each secret in text as an error of the test. where says whose text it is.
func (f *Finder) Check(t testing.TB, where, text string) {
	t.Helper()
	for _, found := range f.Find(text) {
		t.Errorf("%s shows a secret, %s", where, found)
	}
}
