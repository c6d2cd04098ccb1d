// Package rotatingtoken has everything named cloudfleet_rotating_api_token.
package rotatingtoken

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
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
const typeName = "cloudfleet_rotating_api_token"

// Resource is cloudfleet_rotating_api_token.
type Resource struct{ tokenkit.Resource }

// NewResource returns the resource for the provider to serve.
func NewResource() resource.Resource { return &Resource{} }

func (r *Resource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_rotating_api_token"
	resp.ResourceBehavior.MutableIdentity = true // each rotation swaps the two IDs
}

func (r *Resource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := tokenkit.Attributes("the current token", "**rotates the pair**")
	maps.Copy(attributes, map[string]schema.Attribute{
		"keep_previous": schema.BoolAttribute{
			Optional: true,
			Computed: true,
			Default:  booldefault.StaticBool(true),
			MarkdownDescription: "Whether the previous token stays valid until the next rotation. With `false` it is deleted, " +
				"immediately and after each further rotation: use this when a secret has leaked. Default: `true`.",
		},
		"token_id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "ID of the current token: the user name for `docker login`. A rotation changes it together with `secret`.",
		},
		"previous_token_id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "ID of the token that was current before the last rotation. Null if there is none.",
		},
		"previous_secret": schema.StringAttribute{
			Computed:  true,
			Sensitive: true,
			MarkdownDescription: "Secret of that token, valid until the next rotation. Null if the secret was encrypted, or is not " +
				"known, as after an import.",
		},
		"previous_encrypted_secrets": secret.EncryptedAttribute("Secret of the previous token"),
	})
	resp.Schema = schema.Schema{
		MarkdownDescription: "An API token that is rotated without downtime: two tokens that take turns. A rotation issues a new secret " +
			"for the older token, revoking its old one, and makes it current. The secret that was current stays valid until the next rotation.",
		Attributes: attributes,
	}
}

// ModifyPlan shows which secret is issued, which stays, and which is revoked.
func (r *Resource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	resp.Deferred = r.Deferred(req.ClientCapabilities.DeferralAllowed)
	switch {
	case resp.Deferred != nil, req.Plan.Raw.IsNull() && req.State.Raw.IsNull():
	case req.Plan.Raw.IsNull():
		resp.Diagnostics.Append(r.planDelete(ctx, req)...)
	case req.State.Raw.IsNull():
		var plan model
		resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
		resp.Diagnostics.Append(r.PlanCreate(ctx, &plan.Model)...)
		plan.setNoPrevious()
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
	resp.Diagnostics.Append(state.checkOurs()...)
	if resp.Diagnostics.HasError() {
		return
	}
	plan.keep(&state)
	change := decide(ctx, r.Client(), &state, &plan, memory)
	resp.Diagnostics.Append(tokenkit.CheckLockout(r.Client(), change.effects(&state, &plan)...)...)
	resp.Diagnostics.Append(change.warnings(&state)...)
	resp.Diagnostics.Append(change.Notes(state.TokenID, &state.Model, &plan.Model, memory)...)
	if isSame && !change.Issues && !change.drops {
		return
	}
	if change.Issues || change.Adopts {
		_, diags = secret.Parse(ctx, plan.EncryptTo)
		resp.Diagnostics.Append(diags...)
	}
	change.planUnknowns(ctx, &state, &plan)
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
		m.TokenID = types.StringValue(token.ID)
		return append(resp.State.Set(ctx, &m), m.identify(ctx, resp.Identity)...)
	})...)
}

// Delete deletes the previous token first: if the second call fails, the secret in the
// state is still valid.
func (r *Resource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m model
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	memory, diags := tokenkit.LoadMemory(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(r.checkDelete(&m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(r.delete(ctx, memory.Known(m.PreviousTokenID, &m.Model))...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.setNoPrevious()
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	resp.Diagnostics.Append(r.delete(ctx, memory.Known(m.TokenID, &m.Model))...)
}

// planDelete says whose access ends: a pair is two tokens.
func (r *Resource) planDelete(ctx context.Context, req resource.ModifyPlanRequest) diag.Diagnostics {
	var m model
	diags := req.State.Get(ctx, &m)
	if diags.Append(r.checkDelete(&m)...); diags.HasError() {
		return diags
	}
	var revoked []string
	for _, id := range []types.String{m.TokenID, m.PreviousTokenID} {
		if !id.IsNull() {
			revoked = append(revoked, "the one of token "+id.ValueString()+", which is deleted")
		}
	}
	return append(diags, tokenkit.WarnOfRevocation(m.Label(m.TokenID), true, revoked...)...)
}

// checkDelete refuses to delete the provider's own token, in either slot, and what is none
// of ours.
func (r *Resource) checkDelete(m *model) diag.Diagnostics {
	return append(m.checkOurs(), tokenkit.CheckLockout(r.Client(),
		tokenkit.Effect{ID: m.TokenID, Name: m.Name, Deletes: true, Alternative: tokenkit.LeaveToken},
		tokenkit.Effect{ID: m.PreviousTokenID, Name: m.Name, Deletes: true, Alternative: tokenkit.LeaveToken})...)
}

func (m *model) checkOurs() diag.Diagnostics {
	return tokenkit.CheckOurs(typeName, &m.Model, m.TokenID, m.PreviousTokenID)
}
