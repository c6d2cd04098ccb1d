package verifyaccount

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/canary"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// account is a mock server with three tokens, and a handler that changes its answers.
type account struct {
	*mockserver.Server
	mockserver.Credentials
	options Options
	mu      sync.Mutex
	secrets []string
}

var secretsIn = regexp.MustCompile(`cf_secret_[0-9A-Za-z]{32}`)

func newAccount(t *testing.T, o mockserver.Options, change func(http.Handler) http.Handler) *account {
	t.Helper()
	a := &account{Server: mockserver.New(o)}
	a.Credentials = a.AddOrganization("Test")
	a.secrets = []string{a.TokenSecret}
	listed := httptest.NewServer(a.Server)
	for _, name := range []string{"one", "two"} {
		req, err := http.NewRequestWithContext(
			t.Context(),
			http.MethodPost,
			listed.URL+"/v1/tokens",
			strings.NewReader(`{"name":"`+name+`","role":"User"}`),
		)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(a.TokenID, a.TokenSecret)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil || resp.StatusCode != http.StatusCreated {
			t.Fatal(resp, err)
		}
		_ = resp.Body.Close()
	}
	listed.Close()
	noted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorded := httptest.NewRecorder()
		a.ServeHTTP(recorded, r)
		a.mu.Lock()
		a.secrets = append(a.secrets, secretsIn.FindAllString(recorded.Body.String(), -1)...)
		a.mu.Unlock()
		maps.Copy(w.Header(), recorded.Header())
		w.WriteHeader(recorded.Code)
		_, _ = w.Write(recorded.Body.Bytes())
	})
	server := httptest.NewServer(change(noted))
	t.Cleanup(server.Close)
	a.options = Options{
		Endpoint: server.URL + "/v1", OrganizationID: a.OrganizationID, TokenID: a.TokenID, TokenSecret: a.TokenSecret,
		Registry: server.URL, Write: true, Patience: time.Millisecond,
	}
	return a
}

func asIs(api http.Handler) http.Handler { return api }

// run verifies the account, and checks that nothing is left and no secret is shown.
func (a *account) run(ctx context.Context, t *testing.T) []Result {
	t.Helper()
	results, undeleted := Run(ctx, a.options)
	var shown bytes.Buffer
	for _, write := range []func(io.Writer, []Result) error{WriteTable, WriteJSON, WriteMarkdown} {
		if err := write(&shown, results); err != nil {
			t.Fatal(err)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if found := canary.New(a.secrets...).Find(shown.String()); len(found) > 0 {
		t.Errorf("the report shows %v:\n%s", found, &shown)
	}
	left := undeleted
	for _, token := range a.Tokens(a.OrganizationID)[1:] {
		left = append(left, token.Name)
	}
	if !slices.Equal(left, []string{"one", "two"}) {
		t.Errorf("left are %q", left)
	}
	return results
}

func differing(results []Result) (names []string) {
	for _, r := range results {
		if r.Verdict == Differs {
			names = append(names, r.Name)
		}
	}
	return names
}

// Everything holds at the mock server, on which the tests rely.
func TestAllHoldsAtTheMockServer(t *testing.T) {
	t.Parallel()
	for challenge, options := range map[string]mockserver.Options{"Basic": {}, "Bearer": {RegistryBearer: true}} {
		a := newAccount(t, options, asIs)
		for _, r := range a.run(t.Context(), t) {
			if want := map[bool]Verdict{true: NotSeen, false: Holds}[r.Name == "error 409"]; r.Verdict != want {
				t.Errorf("%s, %s: %s: %s", challenge, r.Name, r.Verdict, r.Seen)
			}
			if strings.Contains(r.Contract, ":0") || r.Contract == "" && !strings.HasPrefix(r.Name, "registry") {
				t.Errorf("%s has no line in the contract", r.Name)
			}
		}
	}
}

// Without Write only GET is sent, and what needs a write is not checked.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	a := newAccount(t, mockserver.Options{}, asIs)
	a.options.Write = false
	a.ForgetRequests()
	results := a.run(t.Context(), t)
	for i, r := range results {
		if assumptions[i].writes != (r.Verdict == NotSeen) {
			t.Errorf("%s: %s", r.Name, r.Verdict)
		}
	}
	for _, r := range a.Requests() {
		if r.IsWrite() {
			t.Errorf("it has sent %s", r)
		}
	}
}

// rewrite changes answers of the API, not of the registry.
func rewrite(change func(r *http.Request, a *httptest.ResponseRecorder)) func(http.Handler) http.Handler {
	return func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := httptest.NewRecorder()
			api.ServeHTTP(a, r)
			if strings.HasPrefix(r.URL.Path, "/v1/") {
				change(r, a)
			}
			maps.Copy(w.Header(), a.Header())
			w.Header().Del("Content-Length")
			w.WriteHeader(a.Code)
			_, _ = w.Write(a.Body.Bytes())
		})
	}
}

// body changes the JSON of answers.
func body(change func(r *http.Request, status int, value any) any) func(http.Handler) http.Handler {
	return rewrite(func(r *http.Request, a *httptest.ResponseRecorder) {
		var value any
		if json.Unmarshal(a.Body.Bytes(), &value) != nil {
			return
		}
		content, _ := json.Marshal(change(r, a.Code, value))
		a.Body = bytes.NewBuffer(content)
	})
}

// tokens changes each token in an answer.
func tokens(change func(map[string]any)) func(http.Handler) http.Handler {
	return body(func(_ *http.Request, _ int, value any) any {
		list, isList := value.([]any)
		if !isList {
			list = []any{value}
		}
		for _, one := range list {
			if token, ok := one.(map[string]any); ok && token["role"] != nil {
				change(token)
			}
		}
		return value
	})
}

func rename(from, to string) func(http.Handler) http.Handler {
	return tokens(func(token map[string]any) {
		token[to] = token[from]
		delete(token, from)
	})
}

func errorsAs(change func(map[string]any) any, mediaType string) func(http.Handler) http.Handler {
	return rewrite(func(_ *http.Request, a *httptest.ResponseRecorder) {
		var value map[string]any
		if a.Code < http.StatusBadRequest || json.Unmarshal(a.Body.Bytes(), &value) != nil {
			return
		}
		content, _ := json.Marshal(change(value))
		a.Body = bytes.NewBuffer(content)
		a.Header().Set("Content-Type", mediaType)
	})
}

func statusAs(method string, from, to int) func(http.Handler) http.Handler {
	return rewrite(func(r *http.Request, a *httptest.ResponseRecorder) {
		if r.Method == method && a.Code == from {
			a.Code = to
		}
	})
}

// lagging answers the first read of a token after an update with the token as it was
// before.
func lagging() func(http.Handler) http.Handler {
	var mu sync.Mutex
	before, stale := map[string][]byte{}, map[string]bool{}
	return rewrite(func(r *http.Request, a *httptest.ResponseRecorder) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case r.Method == http.MethodPost && a.Code == http.StatusCreated:
			var token map[string]any
			_ = json.Unmarshal(a.Body.Bytes(), &token)
			id, _ := token["id"].(string)
			delete(token, "secret")
			before["/v1/tokens/"+id], _ = json.Marshal(token)
		case r.Method == http.MethodPut:
			stale[r.URL.Path] = true
		case r.Method == http.MethodGet && stale[r.URL.Path]:
			stale[r.URL.Path] = false
			a.Body = bytes.NewBuffer(before[r.URL.Path])
		}
	})
}

// bearer accepts secrets as Bearer tokens at the API. It knows their tokens from the
// answers, and the first one from own.
func bearer(own *account) func(http.Handler) http.Handler {
	var owners sync.Map
	return func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, "/v1/") {
				api.ServeHTTP(w, r)
				return
			}
			owners.Store(own.TokenSecret, own.TokenID)
			secret, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			r.Header.Del("Authorization")
			owner, _ := owners.Load(secret)
			if id, known := owner.(string); isBearer && known {
				r.SetBasicAuth(id, secret)
			}
			a := httptest.NewRecorder()
			api.ServeHTTP(a, r)
			var token struct{ ID, Secret string }
			if json.Unmarshal(a.Body.Bytes(), &token) == nil && token.Secret != "" {
				owners.Store(token.Secret, token.ID)
			}
			maps.Copy(w.Header(), a.Header())
			w.WriteHeader(a.Code)
			_, _ = w.Write(a.Body.Bytes())
		})
	}
}

// disguise changes the form of a secret to one that the server does not accept.
func disguise(token map[string]any) {
	if secret, issued := token["secret"].(string); issued {
		token["secret"] = "cfs-" + secret[len(secret)-10:]
	}
}

// A server that differs in one assumption is reported in the lines about that one, and in
// no others.
func TestDifferences(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		server func(http.Handler) http.Handler
		want   []string
	}{
		"camelCase": {func(api http.Handler) http.Handler {
			return rename("created_at", "createdAt")(rename("updated_at", "updatedAt")(api))
		}, []string{"token.created_at", "token.updated_at", "token, other fields"}},
		"an envelope": {body(func(_ *http.Request, _ int, value any) any {
			if list, isList := value.([]any); isList {
				return map[string]any{"items": list}
			}
			return value
		}), []string{"list envelope"}},
		"next_cursor": {rewrite(func(_ *http.Request, a *httptest.ResponseRecorder) {
			if a.Header().Get("Link") != "" {
				a.Header().Del("Link")
				a.Header().Set("Next-Cursor", "x")
			}
		}), []string{"list pages"}},
		"200 instead of 201":    {statusAs(http.MethodPost, http.StatusCreated, http.StatusOK), []string{"create"}},
		"200 instead of 204":    {statusAs(http.MethodDelete, http.StatusNoContent, http.StatusOK), []string{"delete"}},
		"400 instead of 422":    {statusAs(http.MethodPost, http.StatusUnprocessableEntity, http.StatusBadRequest), []string{"error 422"}},
		"404 instead of 403":    {statusAs(http.MethodGet, http.StatusForbidden, http.StatusNotFound), []string{"error 403"}},
		"410 for what is gone":  {statusAs(http.MethodGet, http.StatusNotFound, http.StatusGone), []string{"error 404", "deleted token"}},
		"no request ID":         {rewrite(func(_ *http.Request, a *httptest.ResponseRecorder) { a.Header().Del("X-Request-Id") }), []string{"request ID"}},
		"another media type":    {rewrite(func(_ *http.Request, a *httptest.ResponseRecorder) { a.Header().Set("Content-Type", "text/json") }), []string{"media type"}},
		"rate limit headers":    {rewrite(func(_ *http.Request, a *httptest.ResponseRecorder) { a.Header().Set("RateLimit-Limit", "5") }), []string{"rate limit headers"}},
		"RFC 9457":              {errorsAs(func(e map[string]any) any { return map[string]any{"type": "about:blank", "title": e["message"]} }, "application/problem+json"), []string{"error body"}},
		"errors in an envelope": {errorsAs(func(e map[string]any) any { return map[string]any{"error": e} }, "application/json"), []string{"error body"}},
		"another code":          {errorsAs(func(e map[string]any) any { e["code"] = "E1"; return e }, "application/json"), []string{"error 404"}},
		"roles in lower case": {func(api http.Handler) http.Handler {
			lower := tokens(func(token map[string]any) {
				role, _ := token["role"].(string)
				token["role"] = strings.ToLower(role)
			})
			return lower(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				content, _ := io.ReadAll(r.Body)
				for from, to := range map[string]string{`"user"`: `"User"`, `"administrator"`: `"Administrator"`} {
					content = bytes.ReplaceAll(content, []byte(from), []byte(to))
				}
				r.Body = io.NopCloser(bytes.NewReader(content))
				r.ContentLength = int64(len(content))
				api.ServeHTTP(w, r)
			}))
		}, []string{"token.role"}},
		"times as Unix time": {tokens(func(token map[string]any) { token["created_at"], token["updated_at"] = 1795687747, 1795687747 }), []string{"token.created_at", "token.updated_at"}},
		"a name as null":     {tokens(func(token map[string]any) { token["name"] = nil }), []string{"token.name", "update", "read after write"}},
		"one more field":     {tokens(func(token map[string]any) { token["last_used_at"] = nil }), []string{"token, other fields"}},
		"another secret":     {tokens(func(token map[string]any) { disguise(token) }), []string{"secret", "new secret", "error 403", "registry login of a User"}},
		"the idempotency key ignored": {func(api http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Header.Del("Idempotency-Key")
				api.ServeHTTP(w, r)
			})
		}, nil}, // which is allowed
		"reads that lag": {lagging(), []string{"read after write"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, mockserver.Options{}, test.server)
			got := differing(a.run(t.Context(), t))
			slices.Sort(got)
			slices.Sort(test.want)
			if !slices.Equal(got, test.want) {
				t.Errorf("differing are %q, want %q", got, test.want)
			}
		})
	}
}

// If Basic is rejected and the secret is accepted as a Bearer token, everything else is
// still checked.
func TestBearer(t *testing.T) {
	t.Parallel()
	var a account
	server := newAccount(t, mockserver.Options{}, func(api http.Handler) http.Handler { return bearer(&a)(api) })
	a.Credentials = server.Credentials
	if got := differing(server.run(t.Context(), t)); !slices.Equal(got, []string{"authentication"}) {
		t.Errorf("differing are %q", got)
	}
}

// A server whose IDs are UUIDs is reported, and everything else is checked.
func TestUUIDs(t *testing.T) {
	t.Parallel()
	var uuids, ids sync.Map
	found := regexp.MustCompile(`"id":"([1-9A-HJ-NP-Za-km-z]{22})"`)
	as := func(id string) string {
		uuid, known := uuids.LoadOrStore(id, newKey())
		if !known {
			ids.Store(uuid, id)
		}
		text, _ := uuid.(string)
		return text
	}
	a := newAccount(t, mockserver.Options{}, func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ids.Range(func(uuid, id any) bool {
				from, _ := uuid.(string)
				to, _ := id.(string)
				r.URL.Path = strings.Replace(r.URL.Path, from, to, 1)
				if user, secret, ok := r.BasicAuth(); ok && user == from {
					r.SetBasicAuth(to, secret)
				}
				return true
			})
			rewrite(func(_ *http.Request, a *httptest.ResponseRecorder) {
				a.Body = bytes.NewBufferString(found.ReplaceAllStringFunc(a.Body.String(), func(field string) string {
					return `"id":"` + as(found.FindStringSubmatch(field)[1]) + `"`
				}))
			})(api).ServeHTTP(w, r)
		})
	})
	a.options.TokenID = as(a.TokenID)
	if got := differing(a.run(t.Context(), t)); !slices.Equal(got, []string{"token.id"}) {
		t.Errorf("differing are %q", got)
	}
}

// An interrupted run leaves no token behind, whichever request was the last.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for last := int32(1); ; last++ {
		ctx, cancel := context.WithCancel(t.Context())
		var requests atomic.Int32
		a := newAccount(t, mockserver.Options{}, func(api http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				api.ServeHTTP(w, r)
				if requests.Add(1) == last {
					cancel() // before the answer has arrived
				}
			})
		})
		a.run(ctx, t)
		cancel()
		if requests.Load() < last {
			if last < 30 {
				t.Errorf("a run has sent only %d requests", last-1)
			}
			return
		}
	}
}

// A link to the next page on another host is not followed: credentials would be sent
// there.
func TestNoLinkLeadsAway(t *testing.T) {
	t.Parallel()
	var followed atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	defer other.Close()
	a := newAccount(t, mockserver.Options{}, rewrite(func(r *http.Request, a *httptest.ResponseRecorder) {
		if r.Method == http.MethodGet && r.URL.Path == "/v1/tokens" {
			a.Header().Set("Link", "<"+other.URL+`/v1/tokens?page=2>; rel="next"`)
		}
	}))
	if got := differing(a.run(t.Context(), t)); !slices.Equal(got, []string{"list pages"}) || followed.Load() > 0 {
		t.Errorf("%q differ, and the link was followed %d times", got, followed.Load())
	}
}

// Plain HTTP stays on this machine, and HTTPS is sent to its host.
func TestTransports(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	client := http.Client{Transport: newTransport()}
	for url, want := range map[string]string{
		server.URL: "certificate", "http://192.0.2.1/": "is not this machine", "https://name.invalid/": "name.invalid",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// Tokens that could not be deleted are named.
func TestWhatIsLeftIsNamed(t *testing.T) {
	t.Parallel()
	a := newAccount(t, mockserver.Options{}, func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodDelete {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			api.ServeHTTP(w, r)
		})
	})
	_, left := Run(t.Context(), a.options)
	issued := a.Tokens(a.OrganizationID)[3:]
	for _, token := range issued {
		if !slices.Contains(left, token.ID) {
			t.Errorf("%s is left, and named are %q", token.Name, left)
		}
	}
	if len(issued) == 0 {
		t.Error("nothing was created")
	}
}

// No answer of a server makes a run panic or end late, or is shown.
func FuzzRun(f *testing.F) {
	f.Add(200, "application/json", `[{"id":"2iKo4Asy51EUx2gpJFW76t","name":"a","role":"User"}]`, `<http://x/v1/tokens?after=1>; rel="next"`)
	f.Add(201, "application/json", `{"id":1,"secret":["x"],"role":{}}`, `Bearer realm="://"`)
	f.Add(401, "text/html", "<html>", `Bearer realm="http://127.0.0.1:1/token",service="x"`)
	f.Add(500, "", "", "")
	f.Add(302, "x", "null", "Basic")
	f.Fuzz(func(t *testing.T, status int, mediaType, content, header string) {
		const marked = "cf_secret_FuzzFuzzFuzzFuzzFuzzFuzzFuzzFuzz"
		var requests atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			requests.Add(1)
			w.Header()["Content-Type"] = []string{strings.Map(printable, mediaType)}
			for _, name := range []string{"Link", "WWW-Authenticate", "Location", "X-Request-Id"} {
				w.Header()[name] = []string{strings.Map(printable, header)}
			}
			w.WriteHeader(200 + (status%400+400)%400)
			_, _ = io.WriteString(w, strings.ReplaceAll(content, "SECRET", marked))
		}))
		defer server.Close()
		results, _ := Run(t.Context(), Options{
			Endpoint: server.URL + "/v1", TokenID: "2iKo4Asy51EUx2gpJFW76t", TokenSecret: marked, Registry: server.URL,
			Write: true, Patience: time.Microsecond,
		})
		var shown bytes.Buffer
		if err := WriteMarkdown(&shown, results); err != nil {
			t.Fatal(err)
		}
		if found := canary.New(marked).Find(shown.String()); len(found) > 0 || requests.Load() > 400 {
			t.Errorf("after %d requests it shows %v:\n%s", requests.Load(), found, &shown)
		}
	})
}

func printable(r rune) rune {
	if r < ' ' || r > '~' {
		return -1
	}
	return r
}

// A server that answers a create with a token of somebody else: nothing of it is changed.
func TestNobodyElsesTokenIsTouched(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"201": 201, "200": 200, "409": 409} {
		var a *account
		a = newAccount(t, mockserver.Options{}, func(api http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost && r.URL.Path == "/v1/tokens" {
					theirs := a.Tokens(a.OrganizationID)[1]
					w.Header().Set("Content-Type", "application/json")
					w.WriteHeader(status)
					_, _ = fmt.Fprintf(w, `{"id":%q,"name":%q,"role":"User","code":"conflict","message":"exists"}`, theirs.ID, theirs.Name)
					return
				}
				api.ServeHTTP(w, r)
			})
		})
		before := a.Tokens(a.OrganizationID)
		a.run(t.Context(), t)
		for i, token := range a.Tokens(a.OrganizationID) {
			if token.ID != before[i].ID || token.Name != before[i].Name || token.Role != before[i].Role ||
				!token.UpdatedAt.Equal(before[i].UpdatedAt) {
				t.Errorf("%s: %+v has become %+v", name, before[i], token)
			}
		}
	}
}

// If the answer to a create is lost and the list fails afterwards, the run says what to
// search for.
func TestWhatCouldNotBeLookedFor(t *testing.T) {
	t.Parallel()
	var isLost atomic.Bool
	a := newAccount(t, mockserver.Options{}, func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method == http.MethodPost && r.URL.Path == "/v1/tokens":
				api.ServeHTTP(httptest.NewRecorder(), r)
				isLost.Store(true)
				panic(http.ErrAbortHandler)
			case isLost.Load() && r.URL.Path == "/v1/tokens":
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			api.ServeHTTP(w, r)
		})
	})
	if _, left := Run(t.Context(), a.options); len(left) != 1 || !strings.Contains(left[0], "cloudfleet-verify-") {
		t.Errorf("left are %q", left)
	}
}

// RFC 8288 allows a relative Link, and the provider follows it.
func TestRelativeLinks(t *testing.T) {
	t.Parallel()
	a := newAccount(t, mockserver.Options{}, rewrite(func(_ *http.Request, a *httptest.ResponseRecorder) {
		if link := a.Header().Get("Link"); link != "" {
			a.Header().Set("Link", regexp.MustCompile(`<https?://[^/]*`).ReplaceAllString(link, "<"))
		}
	}))
	if got := differing(a.run(t.Context(), t)); len(got) > 0 {
		t.Errorf("differing are %q", got)
	}
}

// What cannot verify anything is an error before the first row.
func TestFit(t *testing.T) {
	t.Parallel()
	a := newAccount(t, mockserver.Options{}, asIs)
	wrong, nowhere, elsewhere, user := a.options, a.options, a.options, a.options
	wrong.TokenSecret = "cf_secret_" + strings.Repeat("x", 32)
	nowhere.Endpoint = "http://127.0.0.1:1/v1"
	elsewhere.Endpoint = strings.TrimSuffix(a.options.Endpoint, "/v1")
	resp, err := http.NewRequest(http.MethodPost, a.options.Endpoint+"/tokens", strings.NewReader(`{"name":"u","role":"User"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.SetBasicAuth(a.TokenID, a.TokenSecret)
	resp.Header.Set("Content-Type", "application/json")
	created, err := http.DefaultClient.Do(resp)
	if err != nil {
		t.Fatal(err)
	}
	defer created.Body.Close()
	var token struct{ ID, Secret string }
	if err := json.NewDecoder(created.Body).Decode(&token); err != nil {
		t.Fatal(err)
	}
	user.TokenID, user.TokenSecret = token.ID, token.Secret
	for says, o := range map[string]Options{"ACCESS_TOKEN_SECRET": wrong, "cannot be reached": nowhere, "/v1": elsewhere, "role Administrator": user} {
		if err := Fit(t.Context(), o); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("it does not say %q: %v", says, err)
		}
		if results, _ := Run(t.Context(), o); len(results) > 0 {
			t.Errorf("%s: results without a credential", says)
		}
	}
	if err := Fit(t.Context(), a.options); err != nil {
		t.Error(err)
	}
}

// A registry that cannot be reached is no difference.
func TestRegistryThatCannotBeReached(t *testing.T) {
	t.Parallel()
	a := newAccount(t, mockserver.Options{}, asIs)
	a.options.Registry = "http://127.0.0.1:1"
	for _, r := range a.run(t.Context(), t) {
		if r.Verdict == Differs ||
			strings.HasPrefix(r.Name, "registry") && (r.Verdict != NotSeen || !strings.Contains(r.Seen, "cannot be reached")) {
			t.Errorf("%s: %s: %s", r.Name, r.Verdict, r.Seen)
		}
	}
}
