package functions_test

import (
	"context"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// vault is a provider with one resource, vault_secret, which stores the value of a
// write-only argument, as providers of secret stores do.
type vault struct {
	mu   sync.Mutex
	kept []string
}

func (v *vault) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "vault"
}
func (v *vault) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse)          {}
func (v *vault) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}
func (v *vault) DataSources(context.Context) []func() datasource.DataSource                        { return nil }
func (v *vault) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return vaultSecret{v} }}
}

type vaultSecret struct{ *vault }

func (s vaultSecret) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "vault_secret"
}

func (s vaultSecret) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"value_wo":         schema.StringAttribute{Required: true, WriteOnly: true},
		"value_wo_version": schema.StringAttribute{Required: true},
	}}
}

func (s vaultSecret) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var value types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("value_wo"), &value)...)
	s.mu.Lock()
	s.kept = append(s.kept, value.ValueString())
	s.mu.Unlock()
	resp.State.Raw = req.Plan.Raw
}

func (s vaultSecret) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}
func (s vaultSecret) Update(_ context.Context, _ resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.Diagnostics.AddError("Not to be updated", "No test does.")
}
func (s vaultSecret) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
