// Command storer is a provider that does nothing, for comparison: it has a resource
// cloudfleet_api_token with the schema of the real one, stores its arguments, and invents
// the rest. STORER_RATE limits its writes a second, as if it knew the rate limit of a
// fast API. STORER_LATENCY delays each write, as an API would. Like the real provider, it
// does not log.
package main

import (
	"context"
	"crypto/rand"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"golang.org/x/time/rate"
)

func main() {
	if err := os.Setenv("TF_LOG_SDK", "off"); err != nil {
		log.Fatal(err)
	}
	err := providerserver.Serve(context.Background(), func() provider.Provider { return storer{} }, providerserver.ServeOpts{
		Address: "registry.terraform.io/cloudfleet/cloudfleet",
	})
	if err != nil {
		log.Fatal(err)
	}
}

type storer struct{}

func (storer) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "cloudfleet"
}

func (storer) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}

func (storer) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}

func (storer) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (storer) Resources(context.Context) []func() resource.Resource {
	t := token{limiter: rate.NewLimiter(rate.Inf, 0)}
	if limit, err := strconv.Atoi(os.Getenv("STORER_RATE")); err == nil {
		t.limiter = rate.NewLimiter(rate.Limit(limit), limit)
	}
	if latency, err := time.ParseDuration(os.Getenv("STORER_LATENCY")); err == nil {
		t.latency = latency
	}
	return []func() resource.Resource{func() resource.Resource { return t }}
}

type token struct {
	limiter *rate.Limiter
	latency time.Duration
}

func (token) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_api_token"
}

func (token) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"name":              schema.StringAttribute{Required: true},
		"role":              schema.StringAttribute{Required: true},
		"rotation_trigger":  schema.StringAttribute{Optional: true},
		"rotate_after_days": schema.NumberAttribute{Optional: true},
		"rotation_due":      schema.StringAttribute{Computed: true},
		"encrypt_to": schema.SingleNestedAttribute{Optional: true, Attributes: map[string]schema.Attribute{
			"github_public_key": schema.StringAttribute{Optional: true},
			"age_recipients":    schema.ListAttribute{Optional: true, ElementType: types.StringType},
			"pgp_key":           schema.StringAttribute{Optional: true},
		}},
		"encrypted_secrets": schema.SingleNestedAttribute{Computed: true, Attributes: map[string]schema.Attribute{
			"github": schema.StringAttribute{Computed: true},
			"age":    schema.StringAttribute{Computed: true},
			"pgp":    schema.StringAttribute{Computed: true},
		}},
		"verify_secret":     schema.BoolAttribute{Optional: true},
		"id":                schema.StringAttribute{Computed: true},
		"secret_wo":         schema.StringAttribute{Optional: true, Sensitive: true, WriteOnly: true},
		"secret_wo_version": schema.NumberAttribute{Optional: true},
		"secret":            schema.StringAttribute{Computed: true, Sensitive: true},
		"secret_version":    schema.Int64Attribute{Computed: true},
		"secret_issued_at":  schema.StringAttribute{Computed: true},
		"created_at":        schema.StringAttribute{Computed: true},
	}}
}

func (t token) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	t.wait(ctx, &resp.Diagnostics)
	resp.State.Raw = complete(req.Plan.Raw, &resp.Diagnostics)
}

func (token) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

func (t token) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	t.wait(ctx, &resp.Diagnostics)
	resp.State.Raw = complete(req.Plan.Raw, &resp.Diagnostics)
}

func (t token) Delete(ctx context.Context, _ resource.DeleteRequest, resp *resource.DeleteResponse) {
	t.wait(ctx, &resp.Diagnostics)
}

// wait takes as long as a call that writes.
func (t token) wait(ctx context.Context, diags *diag.Diagnostics) {
	if err := t.limiter.Wait(ctx); err != nil {
		diags.AddError("Interrupted", err.Error())
	}
	time.Sleep(t.latency)
}

// complete invents the unknown values of a plan.
func complete(plan tftypes.Value, diags *diag.Diagnostics) tftypes.Value {
	state, err := tftypes.Transform(plan, func(_ *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		switch {
		case v.IsKnown():
			return v, nil
		case v.Type().Is(tftypes.Object{}):
			return tftypes.NewValue(v.Type(), nil), nil
		case v.Type().Is(tftypes.Number):
			return tftypes.NewValue(v.Type(), 1), nil
		default:
			return tftypes.NewValue(v.Type(), rand.Text()), nil
		}
	})
	if err != nil {
		diags.AddError("Could not complete the plan", err.Error())
	}
	return state
}
