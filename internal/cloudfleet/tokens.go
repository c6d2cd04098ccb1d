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

// CreateToken creates a token (POST /tokens). The answer is the only one to show
// its secret until the next RegenerateToken.
//
// Where an answer was lost, the create is sent again under the same
// Idempotency-Key, which the server may ignore. Then inDoubt is how long before
// the answer that began, at most, and [Client.Leftovers] finds what was left
// behind. Otherwise inDoubt is zero.
func (c *Client) CreateToken(ctx context.Context, s TokenSettings) (t Token, inDoubt time.Duration, err error) {
	key, err := uuid.GenerateUUID()
	if err != nil {
		return Token{}, 0, err
	}
	begin, sending := time.Now(), &sending{as: c.self}
	t, err = c.token(ctx, request{
		method:  http.MethodPost,
		path:    []string{pathTokens},
		header:  http.Header{headerIdempotencyKey: {key}},
		body:    s,
		sending: sending,
	}, "")
	if sending.inDoubt {
		inDoubt = time.Since(begin)
	}
	return t, inDoubt, err
}

// Leftovers returns the tokens that may have been left behind by a create that was
// inDoubt for so long before it made t: those of the same name and role that came
// to be in that time. Two resources of one name and role look the same, so it is a
// guess.
func (c *Client) Leftovers(ctx context.Context, t Token, inDoubt time.Duration) ([]Token, error) {
	// The server's clock alone counts. It may tell whole seconds.
	since := t.CreatedAt.Add(-inDoubt - time.Second)
	var leftovers []Token
	for other, err := range c.ListTokens(ctx) {
		if err != nil {
			return leftovers, err
		}
		if other.ID != t.ID && other.Name == t.Name && other.Role == t.Role && !other.CreatedAt.Before(since) {
			leftovers = append(leftovers, other)
		}
	}
	return leftovers, nil
}

// AcceptsSecret asks the API with a token's own ID and secret (GET /organization),
// and tells whether they are good. They are not if the API itself says 401; that
// anything else went wrong is an error.
func (c *Client) AcceptsSecret(ctx context.Context, id, secret string) (bool, error) {
	_, _, err := ask[Organization](ctx, c, request{
		method:  http.MethodGet,
		path:    []string{pathOrganization},
		sending: &sending{as: newCredential(id, secret)},
	})
	if e, ok := errors.AsType[*Error](err); ok && e.StatusCode == http.StatusUnauthorized && e.Code != "" {
		return false, nil
	}
	return err == nil, err
}

// GetToken returns a token without its secret (GET /tokens/{id}).
func (c *Client) GetToken(ctx context.Context, id string) (Token, error) {
	return c.existing(ctx, id, request{method: http.MethodGet})
}

// UpdateToken replaces name and role (PUT /tokens/{id}). The secret stays.
func (c *Client) UpdateToken(ctx context.Context, id string, s TokenSettings) (Token, error) {
	return c.existing(ctx, id, request{method: http.MethodPut, body: s})
}

// RegenerateToken gives a token a new secret (POST /tokens/{id}/regenerate). The
// old one is dead from then on, even where an error is returned, if
// [MayHaveActed] says so.
func (c *Client) RegenerateToken(ctx context.Context, id string) (Token, error) {
	return c.existing(ctx, id, request{method: http.MethodPost, path: []string{pathRegenerate}})
}

// DeleteToken deletes a token (DELETE /tokens/{id}). One that does not exist is
// an error that [IsNotFound] knows. The organization is asked for only then: no
// other organization's token can be deleted, but each would seem to be gone.
func (c *Client) DeleteToken(ctx context.Context, id string) error {
	if err := CheckTokenID(id); err != nil {
		return err
	}
	defer c.reads.forget(id)
	_, _, err := ask[none](ctx, c, request{method: http.MethodDelete, path: []string{pathTokens, id}})
	if IsNotFound(err) {
		return cmp.Or(c.checkOrganization(ctx), err)
	}
	return err
}

// ListTokens yields all tokens of the organization without their secrets (GET
// /tokens), and fetches a page when it is needed. An error is the last it yields.
func (c *Client) ListTokens(ctx context.Context) iter.Seq2[Token, error] {
	return pages(ctx, c, firstTokens(), hasID)
}

// firstTokens asks for the first page of all tokens.
func firstTokens() request {
	return request{
		method: http.MethodGet,
		path:   []string{pathTokens},
		query:  url.Values{"limit": {strconv.Itoa(pageSize)}},
	}
}

func hasID(t Token) bool { return t.ID != "" }

// existing sends a request about the token with this ID.
func (c *Client) existing(ctx context.Context, id string, r request) (Token, error) {
	if err := CheckTokenID(id); err != nil {
		return Token{}, err
	}
	if r.method != http.MethodGet {
		defer c.reads.forget(id)
	}
	r.path = append([]string{pathTokens, id}, r.path...)
	return c.token(ctx, r, id)
}

// token sends a request that is answered with a token: the one with this ID, or
// any if id is empty.
func (c *Client) token(ctx context.Context, r request, id string) (Token, error) {
	t, resp, err := send[Token](ctx, c, r)
	switch {
	case err != nil:
		return Token{}, err
	case t.ID == "" || id != "" && t.ID != id:
		return Token{}, unexpected(resp, fmt.Sprintf("the answer is about a token with the ID %q", t.ID))
	case r.method == http.MethodPost && t.Secret == "":
		return t, unexpected(resp, "the answer has no secret")
	}
	return t, nil
}
