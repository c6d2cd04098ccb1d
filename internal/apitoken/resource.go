// Package apitoken is everything named cloudfleet_api_token, and the resource
// cloudfleet_rotating_api_token.
package apitoken

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
)

var (
	_ resource.ResourceWithConfigure  = (*Resource)(nil)
	_ resource.ResourceWithModifyPlan = (*Resource)(nil)
)

// Resource is cloudfleet_api_token.
type Resource struct {
	client *cloudfleet.Client
}

// NewResource returns the resource for the provider to serve.
func NewResource() resource.Resource { return &Resource{} }

func (r *Resource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_api_token"
}

func (r *Resource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An API token: its ID is the user name and its secret the password for the container registry (CFCR) and for " +
			"the Cloudfleet API. Give each pipeline a token of its own, so that each can be rotated and revoked by itself.",
		Attributes: map[string]schema.Attribute{
			"name": nameAttribute,
			"role": roleAttribute,
			"rotation_trigger": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Any text, such as a date or the output of `time_rotating`. When one value is followed by another, the " +
					"secret is regenerated in place and **the old one is refused at once**. To set it for the first time, or to remove it, " +
					"regenerates nothing.",
			},
			"verify_secret": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether each refresh asks Cloudfleet, with one call, if the secret in the state is still good. Where it was " +
					"regenerated elsewhere, the refresh warns, and the plan regenerates it again. Of no effect with `encrypt_to`. Default: `false`.",
			},
			encryptToName: encryptToAttribute("regenerates the secret, and **the old one is refused at once**"),
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "ID of the token: the user name for `docker login`. It stays when the secret is regenerated.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"secret": schema.StringAttribute{
				Computed: true, Sensitive: true,
				MarkdownDescription: "Secret of the token: the password for `docker login`. Stored in the state, so keep that in an encrypted " +
					"backend, or use `encrypt_to`: then it is null. Null after an import, until the secret is regenerated: Cloudfleet shows it only once.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"encrypted_secret": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "The secret as only the recipients in `encrypt_to` can read it; null without them. It changes with the secret " +
					"or the recipients, and at no other time.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"secret_version": schema.Int64Attribute{
				Computed: true,
				MarkdownDescription: "1 at creation, and one more at each regeneration: what a write-only argument of another resource takes as " +
					"its version, such as `data_json_wo_version`. 0 after an import.",
				PlanModifiers: []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
			},
			"secret_issued_at": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "When the secret was issued, RFC 3339 in UTC. Null after an import.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"created_at": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "When the token was created, RFC 3339 in UTC.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
		},
	}
}

func (r *Resource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	if data := providerdata.From(req.ProviderData, &resp.Diagnostics); data != nil {
		r.client = data.Client
	}
}

// ModifyPlan makes the secret unknown exactly when it will be issued.
func (r *Resource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var state, plan model
	creates, deletes := req.State.Raw.IsNull(), req.Plan.Raw.IsNull()
	if !creates {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if deletes {
		resp.Diagnostics.Append(refuseOwn(ctx, r.client, &state, nil)...)
		return
	}
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if !creates {
		resp.Diagnostics.Append(refuseOwn(ctx, r.client, &state, &plan)...)
	}
	refused := wasRefused(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !creates && !plan.regenerates(ctx, &state, refused) {
		return
	}
	_, diags := sealTo(ctx, plan.EncryptTo)
	resp.Diagnostics.Append(diags...)
	plan.expectSecret()
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
}

func (r *Resource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	recipients, diags := sealTo(ctx, m.EncryptTo)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	token, inDoubt, err := r.client.CreateToken(ctx, m.settings())
	if err != nil {
		resp.Diagnostics.Append(failure(create, m, err)...)
		if token.ID == "" {
			return
		}
		m.setNoSecret()
	} else {
		resp.Diagnostics.Append(m.setSecret(token, 0, recipients)...)
	}
	m.setToken(token)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, m.ID)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	if inDoubt > 0 {
		resp.Diagnostics.Append(warnOfLeftovers(ctx, r.client, token, inDoubt)...)
	}
}

func (r *Resource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m model
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(identify(ctx, resp.Identity, m.ID)...)
	token, err := r.client.ReadToken(ctx, m.ID.ValueString())
	if cloudfleet.IsNotFound(err) {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.Append(failure("read", m, err)...)
		return
	}
	m.setToken(token)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	resp.Diagnostics.Append(r.verify(ctx, &m, resp.Private)...)
}

// Update renames first and regenerates last, and saves in between: what one call
// has done is in the state even where the next one fails.
func (r *Resource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var before, m model
	resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(identify(ctx, resp.Identity, before.ID)...)
	id := before.ID.ValueString()
	refused := wasRefused(ctx, req.Private, &resp.Diagnostics)
	recipients, diags := sealTo(ctx, m.EncryptTo)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	// What calls for a regeneration is kept back until that is done.
	regenerates, trigger, encryptTo := m.regenerates(ctx, &before, refused), m.RotationTrigger, m.EncryptTo
	m.keepSecret(&before)
	if regenerates {
		m.RotationTrigger, m.EncryptTo = before.RotationTrigger, before.EncryptTo
	}

	if m.settings() != before.settings() {
		token, err := r.client.UpdateToken(ctx, id, m.settings())
		if err != nil {
			resp.Diagnostics.Append(failure("update", before, err)...)
			return
		}
		m.setToken(token)
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	}
	if regenerates {
		token, err := r.client.RegenerateToken(ctx, id)
		if err != nil {
			resp.Diagnostics.Append(failure(regenerate, m, err)...)
			return
		}
		m.setToken(token)
		resp.Diagnostics.Append(m.setSecret(token, before.SecretVersion.ValueInt64(), recipients)...)
		resp.Diagnostics.Append(remember(ctx, resp.Private, false)...)
		m.RotationTrigger, m.EncryptTo = trigger, encryptTo
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (r *Resource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m model
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	resp.Diagnostics.Append(refuseOwn(ctx, r.client, &m, nil)...)
	if resp.Diagnostics.HasError() {
		return
	}
	err := r.client.DeleteToken(ctx, m.ID.ValueString())
	if err != nil && !cloudfleet.IsNotFound(err) {
		resp.Diagnostics.Append(failure("delete", m, err)...)
	}
}
