package cloudfleet

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/hashicorp/go-uuid"
)

// CreateToken creates a token (POST /tokens). The answer is the only one to show
// its secret until the next RegenerateToken.
//
// It is sent again only when the server has surely not acted. Otherwise the
// error says so through [MayHaveActed], and there may be a token whose secret
// nobody knows.
func (c *Client) CreateToken(ctx context.Context, s TokenSettings) (Token, error) {
	key, err := uuid.GenerateUUID()
	if err != nil {
		return Token{}, err
	}
	return c.token(ctx, request{
		method: http.MethodPost,
		path:   []string{pathTokens},
		header: http.Header{headerIdempotencyKey: {key}},
		body:   s,
	}, "")
}

// GetToken returns a token without its secret (GET /tokens/{id}).
func (c *Client) GetToken(ctx context.Context, id string) (Token, error) {
	return c.existing(ctx, id, request{method: http.MethodGet, repeatable: true})
}

// UpdateToken replaces name and role (PUT /tokens/{id}). The secret stays.
func (c *Client) UpdateToken(ctx context.Context, id string, s TokenSettings) (Token, error) {
	return c.existing(ctx, id, request{method: http.MethodPut, body: s, repeatable: true})
}

// RegenerateToken gives a token a new secret (POST /tokens/{id}/regenerate). The
// old one is dead from then on, even where an error is returned, if
// [MayHaveActed] says so.
func (c *Client) RegenerateToken(ctx context.Context, id string) (Token, error) {
	// Twice is as good as once: the newest secret counts.
	return c.existing(ctx, id, request{method: http.MethodPost, path: []string{pathRegenerate}, repeatable: true})
}

// DeleteToken deletes a token (DELETE /tokens/{id}). One that does not exist is
// an error that [IsNotFound] knows.
func (c *Client) DeleteToken(ctx context.Context, id string) error {
	if err := CheckTokenID(id); err != nil {
		return err
	}
	_, _, err := send[none](ctx, c, request{method: http.MethodDelete, path: []string{pathTokens, id}, repeatable: true})
	return err
}

// ListTokens yields all tokens of the organization without their secrets (GET
// /tokens), and fetches a page when it is needed. An error is the last it yields.
func (c *Client) ListTokens(ctx context.Context) iter.Seq2[Token, error] {
	return pages[Token](ctx, c, request{
		method:     http.MethodGet,
		path:       []string{pathTokens},
		query:      url.Values{"limit": {strconv.Itoa(pageSize)}},
		repeatable: true,
	}, func(t Token) bool { return t.ID != "" })
}

// existing sends a request about the token with this ID.
func (c *Client) existing(ctx context.Context, id string, r request) (Token, error) {
	if err := CheckTokenID(id); err != nil {
		return Token{}, err
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
