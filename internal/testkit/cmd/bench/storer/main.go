// Command storer is a provider that does nothing, for comparison: it has a resource
// cloudfleet_api_token with the attributes of the real one, stores its arguments, and
// invents the rest. Like the real provider, it does not log.
package main

import (
	"context"
	"crypto/rand"
	"log"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/apitoken"
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
	return []func() resource.Resource{func() resource.Resource { return token{} }}
}

type token struct{}

func (token) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_api_token"
}

// Schema has the attributes of the real one, without what it does with them.
func (token) Schema(ctx context.Context, req resource.SchemaRequest, resp *resource.SchemaResponse) {
	apitoken.NewResource().Schema(ctx, req, resp)
	resp.Schema = schema.Schema{Attributes: plain(resp.Schema.Attributes)}
}

func plain(attributes map[string]schema.Attribute) map[string]schema.Attribute {
	for name, attribute := range attributes {
		switch a := attribute.(type) {
		case schema.StringAttribute:
			a.PlanModifiers, a.Validators = nil, nil
			attribute = a
		case schema.NumberAttribute:
			a.PlanModifiers, a.Validators = nil, nil
			attribute = a
		case schema.Int64Attribute:
			a.PlanModifiers, a.Validators = nil, nil
			attribute = a
		case schema.BoolAttribute:
			a.PlanModifiers, a.Validators = nil, nil
			attribute = a
		case schema.SingleNestedAttribute:
			a.PlanModifiers, a.Validators, a.Attributes = nil, nil, plain(a.Attributes)
			attribute = a
		}
		attributes[name] = attribute
	}
	return attributes
}

func (token) Create(_ context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	resp.State.Raw = complete(req.Plan.Raw, &resp.Diagnostics)
}

func (token) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

func (token) Update(_ context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.State.Raw = complete(req.Plan.Raw, &resp.Diagnostics)
}

func (token) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

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
