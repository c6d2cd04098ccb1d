// Package canary finds secrets where none may be: in logs, messages and crashes. It
// is for tests.
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

// form is a way to write a piece of a secret.
type form struct{ name, text string }

// pieceMin is the length in bytes from which on half a secret is looked for as one.
// Anything shorter may stand somewhere by chance.
const pieceMin = 8

// New returns a finder of these secrets: as they are, and as URLs, JSON, Go, base64
// and hexadecimal digits have them. Half of a secret counts as the whole.
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

// within is what stays of a piece's base64 wherever in a longer text it stands:
// after a multiple of three bytes and before more.
func within(encoding *base64.Encoding, piece string, before int) string {
	encoded := encoding.EncodeToString([]byte(strings.Repeat("\x00", before) + piece))
	if (before+len(piece))%3 != 0 {
		encoded = encoded[:len(encoded)-1] // shared with what follows
	}
	return encoded[(before*8+5)/6:]
}

// Find returns what it found in text: each form once, with what stands around it.
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

// Check reports each secret in text as an error of the test. Where says whose text
// it is.
func (f *Finder) Check(t testing.TB, where, text string) {
	t.Helper()
	for _, found := range f.Find(text) {
		t.Errorf("%s shows a secret, %s", where, found)
	}
}
