package oci

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
)

// login is a user name and a password, or an identity token in place of both.
type login struct {
	username, password, identityToken string
	// from says where the login comes from, for a message if it is rejected.
	from string
}

// authenticator logs in to one registry: with Basic, or with tokens of its token service.
type authenticator struct {
	client *Client
	// login is asked once, when the registry asks for a login.
	login func(context.Context) login

	prepared sync.Once
	asking   singleflight.Group
	mu       sync.Mutex
	// challenge is the last one. Empty: the registry has not asked for a login yet.
	challenge challenge
	tokens    map[string]bearerToken
}

type challenge struct {
	scheme                string // basic or bearer
	realm, service, scope string
}

type bearerToken struct {
	token   string
	expires time.Time
}

const (
	// tokenLifetime is how long a token is valid if its service does not say.
	tokenLifetime = time.Minute
	// maxLifetime is how long a token is used at most, whatever its service says.
	maxLifetime = 24 * time.Hour
	// tokenReserve is how long before its end a token is not used any more.
	tokenReserve = 10 * time.Second
)

func newAuthenticator(c *Client, o Options) *authenticator {
	a := &authenticator{client: c, tokens: map[string]bearerToken{}}
	a.login = func(context.Context) login { return login{username: o.Username, password: o.Password} }
	if o.Username == "" && o.DockerConfig {
		var once sync.Once
		var found login
		a.login = func(ctx context.Context) login {
			// What a helper answers is asked once. Without a login, the registry decides.
			once.Do(func() { found = dockerLogin(ctx, o.Host) })
			return found
		}
	}
	return a
}

// prepare asks once how to log in, and gets a token before many concurrent requests each
// try to.
func (a *authenticator) prepare(ctx context.Context, r call) error {
	if !r.isOften {
		return nil
	}
	a.prepared.Do(func() {
		req, err := call{method: http.MethodGet, url: a.client.path("", nil)}.request(ctx)
		if err != nil {
			return
		}
		resp, err := a.client.http.Do(req)
		if err != nil { // the request itself reports the error
			return
		}
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusUnauthorized {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.challenge, _ = parseChallenge(resp)
		}
	})
	if a.current().scheme != "bearer" {
		return nil
	}
	_, err := a.token(ctx, r.scope(), "", false)
	return err
}

func (a *authenticator) current() challenge {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.challenge
}

// authorize adds the login to a request to the registry itself.
func (a *authenticator) authorize(req *http.Request, r call) {
	if !roundtrip.SameOrigin(req.URL, &a.client.base) {
		return // an upload to another host, which has a signature in its URL
	}
	switch a.current().scheme {
	case "basic":
		if l := a.login(req.Context()); l.username != "" {
			req.SetBasicAuth(l.username, l.password)
		}
	case "bearer":
		a.mu.Lock()
		defer a.mu.Unlock()
		if t := a.tokens[r.scope()]; t.token != "" {
			req.Header.Set("Authorization", "Bearer "+t.token)
		}
	}
}

// challenged reads the challenge of a 401, and reports whether there is another login to
// try.
func (a *authenticator) challenged(ctx context.Context, resp *http.Response, r call) (isNew bool, err error) {
	c, found := parseChallenge(resp)
	if !found {
		return false, nil
	}
	a.mu.Lock()
	a.challenge = c
	a.mu.Unlock()
	had := resp.Request.Header.Get("Authorization")
	if c.scheme == "basic" {
		return had == "" && a.login(ctx).username != "", nil
	}
	token, err := a.token(ctx, r.scope(), c.scope, true)
	return err == nil && "Bearer "+token != had, err
}

// scope is what a token must allow for a call: one scope, or several with a space between
// them.
func (r call) scope() string {
	switch {
	case r.repository == "":
		return "registry:catalog:*"
	case r.method == http.MethodDelete:
		return "repository:" + r.repository + ":pull,delete"
	case r.mountFrom != "":
		return "repository:" + r.repository + ":pull,push repository:" + r.mountFrom + ":pull"
	case r.push:
		return "repository:" + r.repository + ":pull,push"
	}
	return "repository:" + r.repository + ":pull"
}

// token returns a token for a scope, from the token service if there is none, if it ends
// soon, or if renew is set. asked is the scope that the registry asks for, if it does: some
// have scopes of their own.
func (a *authenticator) token(ctx context.Context, scope, asked string, renew bool) (string, error) {
	a.mu.Lock()
	have := a.tokens[scope]
	a.mu.Unlock()
	if !renew && have.token != "" && time.Until(have.expires) > tokenReserve {
		return have.token, nil
	}
	// A caller's cancellation must not end the call for the others.
	fetched := a.asking.DoChan(scope+" "+asked, func() (any, error) { return a.fetchToken(context.WithoutCancel(ctx), scope, asked) })
	select {
	case answer := <-fetched:
		token, _ := answer.Val.(string) // empty beside an error
		return token, answer.Err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

func (a *authenticator) fetchToken(ctx context.Context, scope, asked string) (string, error) {
	c := a.current()
	realm, err := url.Parse(c.realm)
	if err != nil {
		return "", ErrNoRealm
	}
	l := a.login(ctx)
	var answer struct {
		Token       string          `json:"token"`
		AccessToken string          `json:"access_token"`
		ExpiresIn   json.RawMessage `json:"expires_in"`
	}
	scopes := strings.Fields(scope)
	for one := range strings.FieldsSeq(asked) {
		if !slices.Contains(scopes, one) {
			scopes = append(scopes, one)
		}
	}
	resp, err := a.askTokenService(ctx, realm, c.service, scopes, l)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(content, &answer); err != nil {
		return "", fmt.Errorf("failed to decode the answer of the token service: %w", err)
	}
	if answer.Token == "" {
		answer.Token = answer.AccessToken
	}
	if answer.Token == "" {
		return "", errors.New("the answer of the token service has no token")
	}
	lifetime := tokenLifetime
	if seconds, _ := strconv.ParseFloat(strings.Trim(string(answer.ExpiresIn), `"`), 64); seconds > 0 {
		lifetime = time.Duration(min(seconds, maxLifetime.Seconds()) * float64(time.Second))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tokens[scope] = bearerToken{answer.Token, time.Now().Add(lifetime)}
	return answer.Token, nil
}

// askTokenService sends the request for a token. A status from 300 on is an *Error.
func (a *authenticator) askTokenService(
	ctx context.Context,
	realm *url.URL,
	service string,
	scopes []string,
	l login,
) (*http.Response, error) {
	query := realm.Query()
	query.Set("service", service)
	query["scope"] = scopes
	r := call{method: http.MethodGet, url: realm}
	if l.identityToken != "" {
		form := url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {l.identityToken}, "client_id": {"terraform-provider-cloudfleet"},
			"service": {service}, "scope": {strings.Join(scopes, " ")},
		}.Encode()
		r.method, r.header = http.MethodPost, http.Header{"Content-Type": {formType}}
		r.body = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(form)), nil }
		r.size = int64(len(form))
	} else {
		realm.RawQuery = query.Encode()
	}
	resp, err := a.client.retry(ctx, a.client.newBudget(), func() (*http.Response, error) {
		req, err := r.request(ctx)
		if err != nil {
			return nil, err
		}
		if l.username != "" && l.identityToken == "" {
			req.SetBasicAuth(l.username, l.password)
		}
		return a.client.http.Do(req)
	})
	if e, ok := errors.AsType[*Error](err); ok {
		e.Login = l.from
	}
	return resp, err
}

// formType is the media type of a request that has a credential in its body.
const formType = "application/x-www-form-urlencoded"

// Expressions for a challenge: the first scheme that this client supports, and its
// parameters. They are compiled when they are first needed.
var (
	challengePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)(?:^|,)\s*(basic|bearer)(?:\s(.*))?$`) })
	parameterPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(\w+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))`) })
)

// parseChallenge returns the first challenge in a 401 that this client supports.
func parseChallenge(resp *http.Response) (c challenge, found bool) {
	for _, offered := range resp.Header.Values("WWW-Authenticate") {
		m := challengePattern().FindStringSubmatch(offered)
		if m == nil {
			continue
		}
		c.scheme = strings.ToLower(m[1])
		for _, parameter := range parameterPattern().FindAllStringSubmatch(m[2], -1) {
			// The first counts: another challenge may follow.
			value := parameter[2] + parameter[3]
			switch strings.ToLower(parameter[1]) {
			case "realm":
				c.realm = cmp.Or(c.realm, value)
			case "service":
				c.service = cmp.Or(c.service, value)
			case "scope":
				c.scope = cmp.Or(c.scope, value)
			}
		}
		return c, true
	}
	return c, false
}
