package canary_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/canary"
)

const (
	tokenID = "2iKo4Asy51EUx2gpJFW76t"
	secret  = `cf_secret_"a+b/c>d?e=f&g h%i~~~??>>ÿÿ\0123456789`
)

func basicAuth(id string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(id, secret)
	return fmt.Sprint(r.Header)
}

func TestFind(t *testing.T) {
	inJSON, err := json.Marshal(map[string]string{"secret": secret})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{
		"as it is":        "a " + secret + " b",
		"its beginning":   secret[:len(secret)/2] + "…",
		"its end":         "…" + secret[len(secret)/2:],
		"in JSON":         string(inJSON),
		"quoted":          fmt.Sprintf("%q", secret),
		"in a struct":     fmt.Sprintf("%#v", struct{ Secret string }{secret}),
		"in a query":      url.Values{"secret": {secret}}.Encode(),
		"in a path":       "/" + url.PathEscape(secret),
		"as bytes":        fmt.Sprintf("%v", []byte(secret)),
		"hexadecimal":     fmt.Sprintf("%x", secret),
		"upper case":      fmt.Sprintf("%X", secret),
		"Authorization":   basicAuth(tokenID),
		"Authorization 1": basicAuth(tokenID + "1"),
		"Authorization 2": basicAuth(tokenID + "12"),
	}
	for before := range 4 {
		for after := range 4 {
			longer := []byte(strings.Repeat("<", before) + secret + strings.Repeat(">", after))
			texts[fmt.Sprintf("base64 after %d and before %d", before, after)] = base64.StdEncoding.EncodeToString(longer)
			texts[fmt.Sprintf("base64 for URLs after %d and before %d", before, after)] = base64.RawURLEncoding.EncodeToString(longer)
		}
	}
	finder := canary.New("another", secret)
	for name, text := range texts {
		if found := finder.Find(text); len(found) == 0 || !strings.Contains(found[0], "…") {
			t.Errorf("%s: nothing found in %s", name, text)
		}
	}
	for _, text := range []string{"", "cf_secret_", "cf_secret_0123456789abcdefghijABCDEFGHIJkl", tokenID, "anothe", "other", secret[4:20]} {
		if found := finder.Find(text); len(found) > 0 {
			t.Errorf("found in %q: %s", text, found)
		}
	}
}

// broken is a testing.TB that collects failures.
type broken struct {
	testing.TB
	said []string
}

func (*broken) Helper() {}

func (b *broken) Errorf(format string, args ...any) {
	b.said = append(b.said, fmt.Sprintf(format, args...))
}

func TestCheck(t *testing.T) {
	finder, one := canary.New(secret), &broken{TB: t}
	finder.Check(one, "the log", "nothing")
	finder.Check(one, "the diagnostic", "Error: "+secret)
	if len(one.said) != 2 || !strings.HasPrefix(one.said[0], "the diagnostic shows a secret, as it is: …") {
		t.Errorf("said %q", one.said)
	}
}
