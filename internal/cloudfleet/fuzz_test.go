package cloudfleet_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// For every answer, what the client accepts is valid, and its errors repeat only the
// API's own words.
func FuzzAnswer(f *testing.F) {
	const marker = "cf_secret_MARKERmarkerMARKERmarkerMARKERma"
	token := `{"id":"` + someID + `","name":"ci","role":"User","created_at":"2026-01-02T03:04:05Z","updated_at":5,"secret":"`
	for call := range uint8(8) {
		f.Add(call, 200, "application/json", token, `"}`)
		f.Add(call, 200, "application/json", "["+token, `"}]`)
		f.Add(call, 204, "", "", "")
	}
	f.Add(uint8(0), 201, "application/json", token, ``)
	f.Add(uint8(0), 200, "application/json", `{"id":5,"secret":"`, `"}`)
	f.Add(uint8(0), 201, "application/json", `{"id":"0","role":"`, `"}`)
	f.Add(uint8(1), 200, "application/json", `{"id":"other","secret":["`, `"]}`)
	f.Add(uint8(1), 404, "application/json", `{"code":"not_found","message":"`, `"}`)
	f.Add(uint8(5), 502, "text/html; charset=utf-8", "<html>", "</html>")
	f.Add(uint8(5), 200, "application/json", `[null,{"id":""},"`, `"]`)
	f.Add(uint8(5), 500, "", "", "")
	f.Add(uint8(6), 307, "text/plain", "", "")
	f.Add(uint8(7), 401, "application/json", `{"code":"unauthorized","details":[{"field":"x"}],"secret":"`, `"}`)

	var status int
	var kind, body string
	o := serve(f, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	o.MaxRetries = 0
	c := newClient(f, o)
	all := calls(someID)
	f.Fuzz(func(t *testing.T, call uint8, code int, contentType, before, after string) {
		status, kind, body = 200+((code-200)%400+400)%400, contentType, before+marker+after
		err := all[int(call)%len(all)].do(t.Context(), c)
		var answer struct{ ID any }
		_ = json.Unmarshal([]byte(body), &answer) // what the client makes of it is the question
		if err == nil {
			if status > 299 && status != http.StatusUnauthorized {
				t.Errorf("%d was taken for good: %s", status, body)
			}
			return
		}
		e, isAnswer := errors.AsType[*cloudfleet.Error](err)
		if isAnswer && e.StatusCode != status {
			t.Errorf("%d became %d", status, e.StatusCode)
		}
		if isAnswer && e.Code == "" && !strings.Contains(fmt.Sprint(answer.ID), marker) &&
			strings.Contains(fmt.Sprintf("%v %#v", err, err), marker) {
			t.Errorf("the error repeats the answer: %#v", err)
		}
	})
}

// A token is accepted only with the requested ID, and with a secret if the API returns
// one.
func FuzzToken(f *testing.F) {
	for _, body := range []string{
		`{"id":"` + someID + `","secret":"s"}`, `{"ID":"` + someID + `","Secret":"s"}`, `{"id":"` + someID + `"}`, `{"id":"` + someID + `","secret":null}`,
		`{"id":"x","id":"` + someID + `","secret":"s","created_at":{"a":1}}`, `{}`, `null`, `[]`, `[{"secret":"s"}]`, `"s"`, `1e999`, `{"id":"` + someID + `","secret":"s"}}`, "\ufeff{}",
	} {
		f.Add(body)
	}
	var body string
	o := serve(f, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
	o.MaxRetries = 0
	c := newClient(f, o)
	f.Fuzz(func(t *testing.T, answer string) {
		body = answer
		if got, err := c.GetToken(t.Context(), someID); err == nil && got.ID != someID {
			t.Errorf("got another token: %+v", got)
		}
		if got, _, err := c.RegenerateToken(
			t.Context(),
			cloudfleet.KnownToken{ID: someID},
		); err == nil &&
			(got.ID != someID || got.Secret == "") {
			t.Errorf("regenerated %+v", got)
		}
		if got, _, err := c.CreateToken(t.Context(), settings); err == nil && (got.ID == "" || got.Secret == "") {
			t.Errorf("created %+v", got)
		}
		tokens, _ := list(t.Context(), c)
		for _, got := range tokens {
			if got.ID == "" {
				t.Errorf("listed %+v", got)
			}
		}
	})
}

// The next page belongs to the same list, or there is an error.
func FuzzNextPage(f *testing.F) {
	here := &url.URL{Scheme: "https", Host: "api.cloudfleet.ai", Path: "/v1/tokens", RawQuery: "limit=100"}
	for _, target := range []string{
		"", "?after=1", "/v1/tokens?after=1", "https://api.cloudfleet.ai/v1/tokens?after=1", "//api.cloudfleet.ai/v1/tokens", "HTTPS://API.cloudfleet.ai/v1/tokens?a",
		"http://api.cloudfleet.ai/v1/tokens", "https://api.cloudfleet.ai:444/v1/tokens", "https://me:x@api.cloudfleet.ai/v1/tokens", "https://evil.test/v1/tokens",
		"//evil.test/v1/tokens", `\\evil.test/v1/tokens`, "/v1/organization", "../v1/tokens/x/..", "/v1/tokens%2f..", "javascript:1", "%zz", "\x00", "?a=1;b=2",
	} {
		for _, params := range []string{`; rel="next"`, `;REL = next`, `; rel=prev`, `; title="a, <b>"; rel="prev next"`, `; rel="prev", <https://evil.test>; rel=next`, ``} {
			f.Add(target, params)
		}
	}
	next := func(link string) (url.Values, error) {
		return cloudfleet.NextPage(&http.Response{Header: http.Header{"Link": {link}}, Request: &http.Request{URL: here}})
	}
	same := func(target string, query url.Values) bool {
		there, err := here.Parse(target)
		return err == nil && there.Scheme == here.Scheme && strings.EqualFold(there.Host, here.Host) && there.Path == here.Path &&
			there.Query().Encode() == query.Encode()
	}
	f.Fuzz(func(t *testing.T, target, params string) {
		whole := "<" + target + ">" + params
		if query, err := next(whole); err == nil && query != nil {
			found := false
			for part := range strings.SplitSeq(whole, "<") {
				before, _, closed := strings.Cut(part, ">")
				found = found || closed && same(before, query)
			}
			if !found {
				t.Errorf("%q leads to ?%s", whole, query.Encode())
			}
		}
		if query, err := next(
			"<" + target + `>; rel="next"`,
		); err == nil && !strings.ContainsAny(target, "<>") &&
			(query == nil || !same(target, query)) {
			t.Errorf("%q leads to %v, and no error says so", target, query)
		}
	})
}

// A server can ask for a wait of at most two minutes.
func FuzzRetryAfter(f *testing.F) {
	for _, header := range []string{
		"", "0", "1", "120", "121", "-1", "+5", " 5", "1.5", "1e3", "0x10", "9999999999", "18446744074", "9223372036854775807", "99999999999999999999",
		"Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", time.Now().UTC().Add(time.Minute).Format(http.TimeFormat), "Fri, 31 Dec 2100 23:59:59 CET", "tomorrow",
	} {
		f.Add(header, uint8(0))
		f.Add(header, uint8(20))
	}
	c := newClient(f, cloudfleet.Options{AccessTokenID: someID, AccessTokenSecret: someSecret})
	f.Fuzz(func(t *testing.T, header string, attempt uint8) {
		for _, status := range []int{429, 500, 503} {
			resp := &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {header}}}
			again, err := cloudfleet.CheckRetry(t.Context(), resp, nil)
			if err != nil {
				t.Error(err)
			}
			if wait := c.Wait(int(attempt%21), resp); again && (wait < 0 || wait > 2*time.Minute) {
				t.Errorf("%d with %q: it waits %s", status, header, wait)
			}
		}
	})
}

// The provider rejects the same names as the API.
func FuzzCheckTokenName(f *testing.F) {
	for _, name := range []string{"", "a", " a", "a\u00a0", "a\u2028", "\u200b", "\ufeffa", "a\x00", "a\u0085b", "\u0301", "Schlüssel 鍵", strings.Repeat("ü", 255), strings.Repeat("a", 256)} {
		f.Add(name)
	}
	server := mockserver.New(mockserver.Options{})
	self := server.AddOrganization("Test")
	f.Fuzz(func(t *testing.T, name string) {
		if !utf8.ValidString(name) {
			return // Terraform has no such texts
		}
		body, err := json.Marshal(cloudfleet.TokenSettings{Name: name, Role: cloudfleet.RoleAdministrator})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/v1/tokens/"+self.TokenID, strings.NewReader(string(body)))
		r.SetBasicAuth(self.TokenID, self.TokenSecret)
		answer := httptest.NewRecorder()
		server.ServeHTTP(answer, r)
		server.ForgetRequests()
		problem := cloudfleet.CheckTokenName(name)
		if (problem == nil) != (answer.Code == http.StatusOK) || problem == nil && server.Tokens(self.OrganizationID)[0].Name != name {
			t.Errorf("%q: the check says %v, and the API %d %s", name, problem, answer.Code, answer.Body)
		}
	})
}

// A valid ID is one unchanged part of a path.
func FuzzCheckTokenID(f *testing.F) {
	for _, id := range []string{someID, "", ".", "..", "a/b", "a%2fb", "a?b", "a#b", "a\n", "ä", "-", "_"} {
		f.Add(id)
	}
	base, err := cloudfleet.ParseEndpoint(cloudfleet.DefaultEndpoint)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if target := base.JoinPath(
			"tokens",
			id,
		); cloudfleet.CheckTokenID(id) == nil &&
			target.String() != cloudfleet.DefaultEndpoint+"/tokens/"+id {
			t.Errorf("%q leads to %s", id, target)
		}
	})
}

// Credentials go to an endpoint over HTTPS, or to this machine.
func FuzzParseEndpoint(f *testing.F) {
	for _, s := range []string{
		cloudfleet.DefaultEndpoint, "http://localhost:8080/v1", "http://127.0.0.1", "http://[::1]", "http://[::ffff:127.0.0.1]", "http://[::1%25lo]", "http://127.1",
		"http://localhost.evil.test", "http://localhost\\@evil.test", "http://evil.test#@localhost", "https://me:x@evil.test", "HTTP://LOCALHOST", "https://evil.test\t/", "https:///v1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		endpoint, err := cloudfleet.ParseEndpoint(s)
		if err != nil {
			return
		}
		target, err := url.Parse(endpoint.JoinPath("tokens", someID).String())
		if err != nil {
			t.Fatal(err)
		}
		address, _ := netip.ParseAddr(target.Hostname())
		name := strings.ToLower(target.Hostname())
		private := name == "localhost" || strings.HasSuffix(name, ".localhost") || address.Unmap().IsLoopback()
		if target.Scheme != "https" && (target.Scheme != "http" || !private) || target.User != nil || target.Hostname() == "" ||
			target.RawQuery != "" ||
			target.Fragment != "" {
			t.Errorf("%q leads to %s", s, target)
		}
	})
}
