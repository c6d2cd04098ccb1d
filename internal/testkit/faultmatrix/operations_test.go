package faultmatrix_test

import (
	"context"
	"fmt"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

const (
	single   = "cloudfleet_api_token"
	rotating = "cloudfleet_rotating_api_token"
)

// slots are the attributes with the ID of a token, and those with its secret.
var slots = map[string]map[string]string{
	single:   {"id": "secret"},
	rotating: {"token_id": "secret", "previous_token_id": "previous_secret"},
}

type doing func(context.Context, *protocoltest.Provider, *protocoltest.Resource) protocoltest.Diags

// operation is a column of the matrix.
type operation struct {
	name      string
	resource  string
	ignoreKey bool
	// call is the request, with {attribute} for the ID in an attribute.
	call string
	// before is applied before the operation, and goal is its result; nil is nothing.
	before []map[string]any
	goal   map[string]any
	do     doing
}

func apply(config map[string]any) doing {
	return func(ctx context.Context, _ *protocoltest.Provider, r *protocoltest.Resource) protocoltest.Diags {
		return r.Apply(ctx, config)
	}
}

func refresh(ctx context.Context, _ *protocoltest.Provider, r *protocoltest.Resource) protocoltest.Diags {
	return r.Refresh(ctx)
}

func operations() []operation {
	arguments := tokentest.Arguments
	a, b, c, renamed := arguments("ci", "a"), arguments("ci", "b"), arguments("ci", "c"), arguments("renamed", "a")
	one, two := []map[string]any{a}, []map[string]any{a, b}
	renamedPair, dropped := arguments("renamed", "b"), arguments("ci", "b")
	dropped["keep_previous"] = false
	return []operation{
		{"create", single, false, "POST /v1/tokens", nil, a, apply(a)},
		{"create, key ignored", single, true, "POST /v1/tokens", nil, a, apply(a)},
		{"read", single, false, "GET /v1/tokens/{id}", one, a, refresh},
		{"rename", single, false, "PUT /v1/tokens/{id}", one, renamed, apply(renamed)},
		{"regenerate", single, false, "POST /v1/tokens/{id}/regenerate", one, b, apply(b)},
		{"delete", single, false, "DELETE /v1/tokens/{id}", one, nil, apply(nil)},
		{
			"list",
			single,
			false,
			"GET /v1/tokens",
			one,
			a,
			func(ctx context.Context, p *protocoltest.Provider, r *protocoltest.Resource) protocoltest.Diags {
				got, diags := p.Data(ctx, "cloudfleet_api_tokens", map[string]any{"name_prefix": "ci"})
				if tokens, _ := got["tokens"].([]any); !diags.HasError() && len(tokens) != 1 {
					panic(fmt.Sprintf("listed %v of %s", tokens, r.Text("id")))
				}
				return diags
			},
		},
		{
			"import",
			single,
			false,
			"GET /v1/tokens/{id}",
			one,
			a,
			func(ctx context.Context, p *protocoltest.Provider, r *protocoltest.Resource) protocoltest.Diags {
				return p.Resource(single).Import(ctx, r.Text("id"))
			},
		},
		{"pair: read", rotating, false, "GET /v1/tokens/{token_id}", two, b, refresh},
		{"pair: rename", rotating, false, "PUT /v1/tokens/{previous_token_id}", two, renamedPair, apply(renamedPair)},
		{"pair: first rotation", rotating, false, "POST /v1/tokens", one, b, apply(b)},
		{"pair: rotation", rotating, false, "POST /v1/tokens/{previous_token_id}/regenerate", two, c, apply(c)},
		{"pair: drop previous", rotating, false, "DELETE /v1/tokens/{previous_token_id}", two, dropped, apply(dropped)},
		{"pair: destroy", rotating, false, "DELETE /v1/tokens/{token_id}", two, nil, apply(nil)},
	}
}
