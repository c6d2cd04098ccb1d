// Package apitoken has everything named cloudfleet_api_token.
package apitoken

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/secret"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

var (
	_ resource.ResourceWithConfigure  = (*Resource)(nil)
	_ resource.ResourceWithModifyPlan = (*Resource)(nil)
)

// typeName is the type of the resource.
const typeName = "cloudfleet_api_token"

// Resource is cloudfleet_api_token.
type Resource struct{ tokenkit.Resource }

// NewResource returns the resource for the provider to serve.
func NewResource() resource.Resource { return &Resource{} }

func (r *Resource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_api_token"
}

func (r *Resource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := tokenkit.Attributes("the token", "**regenerates the secret**")
	attributes["id"] = schema.StringAttribute{
		Computed:            true,
		MarkdownDescription: "ID of the token: the user name for `docker login`. It does not change when the secret is regenerated.",
	}
	attributes["created_at"] = schema.StringAttribute{Computed: true, MarkdownDescription: createdAtDescription}
	resp.Schema = schema.Schema{
		MarkdownDescription: "An API token: its ID is the user name and its secret the password for the container registry (CFCR) and " +
			"for the Cloudfleet API. Use a separate token for each pipeline. Regenerating the secret revokes the old one immediately.",
		Attributes: attributes,
	}
}

// ModifyPlan makes the secret unknown exactly when it will be issued or taken over.
func (r *Resource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	resp.Deferred = r.Deferred(req.ClientCapabilities.DeferralAllowed)
	switch {
	case resp.Deferred != nil, req.Plan.Raw.IsNull() && req.State.Raw.IsNull():
	case req.Plan.Raw.IsNull():
		var state model
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
		resp.Diagnostics.Append(r.checkDelete(&state)...)
	case req.State.Raw.IsNull():
		var plan model
		resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
		resp.Diagnostics.Append(r.PlanCreate(ctx, &plan.Model)...)
		resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
	default:
		r.planUpdate(ctx, req, resp)
	}
}

func (r *Resource) planUpdate(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	plan, isSame := state, req.Plan.Raw.Equal(req.State.Raw)
	if !isSame {
		resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	}
	memory, diags := tokenkit.LoadMemory(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(tokenkit.CheckOurs(typeName, &state.Model, state.ID)...)
	if resp.Diagnostics.HasError() {
		return
	}
	plan.ID, plan.CreatedAt = state.ID, state.CreatedAt
	plan.Keep(&state.Model)
	change := decide(ctx, r.Client(), &state, &plan, memory)
	resp.Diagnostics.Append(tokenkit.CheckLockout(r.Client(), change.effect(&state, &plan))...)
	resp.Diagnostics.Append(change.warnings(&state)...)
	resp.Diagnostics.Append(change.Notes(state.ID, &state.Model, &plan.Model, memory)...)
	switch {
	case change.Issues || change.Adopts:
		_, diags = secret.Parse(ctx, plan.EncryptTo)
		resp.Diagnostics.Append(diags...)
		plan.PlanSecret(ctx, change.StoresASecret())
	case isSame:
		return
	}
	plan.Schedule(memory)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
}

func (r *Resource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(r.CreateToken(ctx, &m.Model, resp.Private, func(token cloudfleet.Token) diag.Diagnostics {
		m.ID, m.CreatedAt = types.StringValue(token.ID), tokenkit.Timestamp(token.CreatedAt)
		return append(resp.State.Set(ctx, &m), identify(ctx, resp.Identity, m.ID)...)
	})...)
}

func (r *Resource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m model
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	memory, diags := tokenkit.LoadMemory(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(r.checkDelete(&m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	err := r.Data.Client.DeleteToken(ctx, memory.Known(m.ID, &m.Model))
	if err != nil && !cloudfleet.IsNotFound(err) {
		resp.Diagnostics.Append(failure("delete", &m, "", err)...)
	}
}

// checkDelete refuses to delete the provider's own token, and what is none of ours.
func (r *Resource) checkDelete(m *model) diag.Diagnostics {
	return append(tokenkit.CheckOurs(typeName, &m.Model, m.ID), tokenkit.CheckLockout(r.Client(), tokenkit.Effect{
		ID: m.ID, Name: m.Name, Deletes: true,
		Alternative: tokenkit.LeaveToken,
	})...)
}
