// Command leaky is the provider with a cloudfleet_api_token that does what the
// environment variable LEAKY says once it was created. It shows that tests find a secret,
// and what a crash prints.
package main

import (
	"context"
	"log"
	"net/http"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/path"
	tfprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/apitoken"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/provider"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/rotatingtoken"
)

type leakyProvider struct{ *provider.Provider }

// Resources has the rotating token as well: a list resource requires its resource.
func (leakyProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return &token{} }, rotatingtoken.NewResource}
}

type token struct{ apitoken.Resource }

func (t *token) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	t.Resource.Create(ctx, req, resp)
	var id, secret string
	resp.Diagnostics.Append(resp.State.GetAttribute(ctx, path.Root("id"), &id)...)
	resp.Diagnostics.Append(resp.State.GetAttribute(ctx, path.Root("secret"), &secret)...)
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(id, secret)
	switch os.Getenv("LEAKY") {
	case "panic":
		crash(r, secret, resp)
	case "log":
		tflog.Trace(ctx, "the token", map[string]any{"secret": secret})
	case "header":
		tflog.Trace(ctx, "the request", map[string]any{"header": r.Header})
	case "warning":
		resp.Diagnostics.AddWarning("The token", "It has the secret "+secret)
	}
}

// crash is handed what a stack trace could show of its arguments.
//
//go:noinline
func crash(r *http.Request, secret string, resp *resource.CreateResponse) {
	tflog.Trace(r.Context(), "never", map[string]any{"this": []any{r, resp}[len(secret)]})
}

func main() {
	err := providerserver.Serve(context.Background(), func() tfprovider.Provider {
		return leakyProvider{provider.NewInProcess("leaky", nil)}
	}, providerserver.ServeOpts{Address: provider.Address})
	if err != nil {
		log.Fatal(err)
	}
}
