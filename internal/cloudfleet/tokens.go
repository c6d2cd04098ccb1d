package cloudfleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/hashicorp/go-uuid"
)

// CreateToken creates a token (POST /tokens). Only its answer and that of RegenerateToken
// have the secret.
//
// If the answer to an attempt was lost, the create is sent again under the same
// Idempotency-Key, which the server may ignore. Then ambiguous is the longest time
// between that attempt and the answer, and [Client.Leftovers] finds what was left behind.
// Otherwise ambiguous is zero. A token that was created without a secret is a
// [NoSecretError].
func (c *Client) CreateToken(ctx context.Context, s TokenSettings) (t Token, ambiguous time.Duration, err error) {
	begin := time.Now()
	t, again, err := c.issue(ctx, request{method: http.MethodPost, path: []string{pathTokens}, body: s}, "")
	if again {
		ambiguous = time.Since(begin)
	}
	if err == nil { // an answer may lack them
		t.Name, t.Role = cmp.Or(t.Name, s.Name), cmp.Or(t.Role, s.Role)
	}
	return t, ambiguous, err
}

// NoSecretError is the error of a create or regenerate that was carried out, and whose
// answer has no secret.
type NoSecretError struct {
	// ID is that of the token.
	ID string
	error
}

func (e NoSecretError) Unwrap() error { return e.error }

// RegenerateToken issues a new secret for a token (POST /tokens/{id}/regenerate) and
// revokes the old one. After an error, [MayHaveActed] reports whether the old secret may
// be revoked.
//
// ambiguous reports whether an answer was lost and the request was sent again: the first
// attempt may still be carried out, which revokes the returned secret.
func (c *Client) RegenerateToken(ctx context.Context, k KnownToken) (t Token, ambiguous bool, err error) {
	if err := CheckTokenID(k.ID); err != nil {
		return Token{}, false, err
	}
	defer c.batcher.forget(k.ID)
	regenerate := func() error {
		t, ambiguous, err = c.issue(ctx, request{method: http.MethodPost, path: []string{pathTokens, k.ID, pathRegenerate}}, k.ID)
		return err
	}
	err = regenerate()
	if IsNotFound(err) {
		err = c.confirmNotFound(ctx, k, err, regenerate)
	}
	return t, ambiguous, err
}

// issue sends a request whose answer has a secret, with an Idempotency-Key.
func (c *Client) issue(ctx context.Context, r request, id string) (t Token, ambiguous bool, err error) {
	key, err := uuid.GenerateUUID()
	if err != nil {
		return Token{}, false, err
	}
	r.header, r.attempts = http.Header{headerIdempotencyKey: {key}}, &attempts{as: c.self}
	t, err = c.tokenRequest(ctx, r, id)
	return t, r.attempts.ambiguous, err
}

// leftoversTimeout limits the search for leftovers: the new token waits for it.
const leftoversTimeout = 10 * time.Second

// Leftovers returns the tokens that an ambiguous create may have left behind before it
// created t: those of the same name and role that were created within that time, and
// those without a date. Two resources of one name and role look the same, so this is a
// guess. It takes at most ten seconds.
func (c *Client) Leftovers(ctx context.Context, t Token, ambiguous time.Duration) ([]Token, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, leftoversTimeout, fmt.Errorf("the list of tokens was not read within %s", leftoversTimeout))
	defer cancel()
	// Only the server's clock counts. It may have whole seconds.
	since := t.CreatedAt.Add(-ambiguous - time.Second)
	var leftovers []Token
	for other, err := range c.ListTokens(ctx) {
		if err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return leftovers, err
		}
		isLate := other.CreatedAt.IsZero() || !other.CreatedAt.Before(since)
		if other.ID != t.ID && other.Name == t.Name && other.Role == t.Role && isLate {
			leftovers = append(leftovers, other)
		}
	}
	return leftovers, nil
}

// RejectsSecret calls the API with a token's own ID and secret (GET /organization) and
// reports whether it rejects them. A rejection counts only if the API itself answers 401,
// twice, and accepts the client's own credential in between: an outage behind the API can
// reject everyone. Any other answer is an error.
func (c *Client) RejectsSecret(ctx context.Context, id, secret string) (bool, error) {
	rejected, err := c.rejects(ctx, id, secret)
	if err != nil || !rejected {
		return false, err
	}
	if _, err := c.GetOrganization(ctx); err != nil {
		return false, fmt.Errorf("the API rejects the secret, and the provider's own access token does not work either: %w", err)
	}
	return c.rejects(ctx, id, secret)
}

func (c *Client) rejects(ctx context.Context, id, secret string) (bool, error) {
	_, _, err := doUnchecked[Organization](ctx, c, request{
		method:   http.MethodGet,
		path:     []string{pathOrganization},
		attempts: &attempts{as: newCredential(id, secret)},
	})
	if e, ok := errors.AsType[*Error](err); ok && e.StatusCode == http.StatusUnauthorized && e.Code != "" {
		return true, nil
	}
	return false, err
}

// CheckAccess checks once for all callers whether the client's access token may manage
// tokens (GET /tokens/{its own ID}). It returns an error only if a create is certain to
// fail: without a credential, with one that is rejected or lacks the permission (401,
// 403) or belongs to another organization, if the API cannot be reached, or if it is not
// at this endpoint.
func (c *Client) CheckAccess(ctx context.Context) error {
	if c.unavailable != nil {
		return c.unavailable
	}
	c.access.once.Do(func() {
		c.access.done = make(chan struct{})
		go func() {
			defer close(c.access.done)
			// A caller's cancellation must not end the call for the others.
			c.access.err = c.checkAccess(context.WithoutCancel(ctx))
		}()
	})
	select {
	case <-c.access.done:
		return c.access.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *Client) checkAccess(ctx context.Context) error {
	_, err := c.GetToken(ctx, c.self.tokenID)
	if isMissing(err) {
		// That the API does not show a token itself proves nothing, but everything that
		// it has can ask for its organization.
		if _, err := c.GetOrganization(ctx); isMissing(err) {
			return err
		}
		return nil
	}
	e, isAnswer := errors.AsType[*Error](err)
	if !isAnswer || e.StatusCode == http.StatusUnauthorized || e.StatusCode == http.StatusForbidden {
		return err
	}
	return nil
}

func isMissing(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (e.StatusCode == http.StatusNotFound || e.StatusCode == http.StatusMethodNotAllowed)
}

// GetToken returns a token without its secret (GET /tokens/{id}).
func (c *Client) GetToken(ctx context.Context, id string) (Token, error) {
	return c.existingToken(ctx, id, request{method: http.MethodGet})
}

// UpdateToken replaces name and role (PUT /tokens/{id}). The secret stays.
func (c *Client) UpdateToken(ctx context.Context, id string, s TokenSettings) (Token, error) {
	if s.Name == "" || s.Role == "" {
		return Token{}, fmt.Errorf("an update of token %s needs both a name and a role", id)
	}
	return c.existingToken(ctx, id, request{method: http.MethodPut, body: s})
}

// DeleteToken deletes a token (DELETE /tokens/{id}). If it does not exist, it returns an
// error for which [IsNotFound] is true.
func (c *Client) DeleteToken(ctx context.Context, k KnownToken) error {
	if err := CheckTokenID(k.ID); err != nil {
		return err
	}
	defer c.batcher.forget(k.ID)
	deletes := func() error {
		_, _, err := doUnchecked[noContent](ctx, c, request{method: http.MethodDelete, path: []string{pathTokens, k.ID}})
		return err
	}
	err := deletes()
	if IsNotFound(err) {
		err = c.confirmNotFound(ctx, k, err, deletes)
	}
	return err
}

// ListTokens yields all tokens of the organization without their secrets (GET /tokens),
// each once, and fetches pages as they are needed. An error ends the list.
func (c *Client) ListTokens(ctx context.Context) iter.Seq2[Token, error] {
	return func(yield func(Token, error) bool) {
		seen := map[string]bool{}
		for t, err := range pages(ctx, c, firstPage(), hasID) {
			if err == nil && seen[t.ID] {
				continue // the list shifted between two pages
			}
			seen[t.ID] = true
			if !yield(t, err) {
				return
			}
		}
	}
}

// firstPage returns the request for the first page of tokens.
func firstPage() request {
	return request{
		method: http.MethodGet,
		path:   []string{pathTokens},
		query:  url.Values{"limit": {strconv.Itoa(pageSize)}},
	}
}

func hasID(t Token) bool { return t.ID != "" }

// existingToken sends a request about the token with this ID.
func (c *Client) existingToken(ctx context.Context, id string, r request) (Token, error) {
	if err := CheckTokenID(id); err != nil {
		return Token{}, err
	}
	if r.method != http.MethodGet {
		defer c.batcher.forget(id)
	}
	r.path = append([]string{pathTokens, id}, r.path...)
	return c.tokenRequest(ctx, r, id)
}

// tokenRequest sends a request whose answer is a token: the one with this ID, or any if
// id is empty.
func (c *Client) tokenRequest(ctx context.Context, r request, id string) (Token, error) {
	t, resp, err := do[Token](ctx, c, r)
	switch {
	case err != nil:
		return Token{}, err
	case t.ID == "" && id != "" && (t.Name != "" || t.Secret != ""):
		t.ID = id // an answer may lack it
	case t.ID == "":
		return Token{}, foreign(resp, "the answer has no ID of a token")
	case CheckTokenID(t.ID) != nil:
		return Token{}, foreign(resp, fmt.Sprintf("the answer has the ID %q, with which no later call is possible", t.ID))
	case id != "" && t.ID != id:
		return Token{}, unexpected(resp, fmt.Sprintf("the answer is about a token with the ID %q", t.ID))
	}
	if r.method == http.MethodPost && t.Secret == "" {
		return Token{}, NoSecretError{t.ID, foreign(resp, "the answer has no secret")}
	}
	return t, nil
}
