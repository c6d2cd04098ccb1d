package apitoken_test

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/apitoken"
)

// sealer is a provider with one resource, sealer_note, which does with encrypt_to
// what a resource with a secret does, and nothing else.
type sealer struct{}

func (sealer) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "sealer"
}
func (sealer) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse)          {}
func (sealer) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}
func (sealer) DataSources(context.Context) []func() datasource.DataSource                        { return nil }
func (sealer) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return note{} }}
}

type note struct{}

type noteModel struct {
	EncryptTo types.Object `tfsdk:"encrypt_to"`
	Encrypted types.String `tfsdk:"encrypted"`
}

const noteText = "cf_secret_0123456789abcdefghijABCDEFGHIJ01"

func (note) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "sealer_note"
}

func (note) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"encrypt_to": apitoken.EncryptToAttribute(),
		"encrypted": schema.StringAttribute{
			Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
	}}
}

func (note) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var before, plan noteModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
		if !apitoken.RecipientsChange(ctx, before.EncryptTo, plan.EncryptTo) {
			return
		}
		plan.Encrypted = types.StringUnknown()
		resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
	}
	_, diags := apitoken.SealTo(ctx, plan.EncryptTo)
	resp.Diagnostics.Append(diags...)
}

func (note) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m noteModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	m.seal(ctx, resp)
}

func (note) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m noteModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	if !m.Encrypted.IsUnknown() {
		resp.State.Raw = req.Plan.Raw
		return
	}
	created := resource.CreateResponse{State: resp.State}
	m.seal(ctx, &created)
	resp.State, resp.Diagnostics = created.State, append(resp.Diagnostics, created.Diagnostics...)
}

func (m *noteModel) seal(ctx context.Context, resp *resource.CreateResponse) {
	recipients, diags := apitoken.SealTo(ctx, m.EncryptTo)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.Encrypted = types.StringValue("in plain text: " + noteText)
	if recipients != nil {
		sealed, err := recipients.Seal(noteText)
		if err != nil {
			resp.Diagnostics.AddError("Could not seal", err.Error())
		}
		m.Encrypted = types.StringValue(sealed)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (note) Read(context.Context, resource.ReadRequest, *resource.ReadResponse)       {}
func (note) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
