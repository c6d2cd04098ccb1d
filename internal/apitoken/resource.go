// Package apitoken is everything named cloudfleet_api_token.
package apitoken

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

var (
	_ resource.ResourceWithConfigure  = (*Resource)(nil)
	_ resource.ResourceWithModifyPlan = (*Resource)(nil)
)

// Resource is cloudfleet_api_token.
type Resource struct {
	data *providerdata.Data
}

// NewResource returns the resource for the provider to serve.
func NewResource() resource.Resource { return &Resource{} }

func (r *Resource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_api_token"
}

func (r *Resource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An API token: its ID is the user name and its secret the password for the container registry (CFCR) and for " +
			"the Cloudfleet API. Give each pipeline its own token, so that each can be rotated and revoked separately.",
		Attributes: map[string]schema.Attribute{
			"name": tokenkit.NameAttribute,
			"role": tokenkit.RoleAttribute,
			"rotation_trigger": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Any text, such as a date or the output of `time_rotating`. Changing it regenerates the secret in place, " +
					"and **revokes the old one immediately**. Setting it for the first time, or removing it, regenerates nothing. An empty text is " +
					"a value like any other. Do not use `timestamp()`: it changes with each apply.",
			},
			tokenkit.RotateAfterDaysName: tokenkit.RotateAfterDaysAttribute("regenerates it in place, and **revokes the old one immediately**"),
			"verify_secret": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether each refresh asks Cloudfleet, with one call, if the secret in the state is still valid. If it was " +
					"regenerated elsewhere, the refresh warns, and the plan regenerates it again. No effect with `encrypt_to`. Default: `false`.",
			},
			tokenkit.EncryptToName: tokenkit.EncryptToAttribute("regenerates the secret, and **revokes the old one immediately**"),
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
			tokenkit.SecretWO: tokenkit.AdoptAttribute("the token", "secret"),
			"secret_version": schema.Int64Attribute{
				Computed: true, MarkdownDescription: tokenkit.VersionDescription,
				PlanModifiers: []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
			},
			"secret_issued_at": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "When the secret was issued, RFC 3339 in UTC. Null after an import.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			tokenkit.RotationDueName: tokenkit.RotationDueAttribute,
			"created_at": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "When the token was created, RFC 3339 in UTC.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
		},
	}
}

func (r *Resource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.data = providerdata.From(req.ProviderData, &resp.Diagnostics)
}

// client is nil before the provider is configured, as in a validation.
func (r *Resource) client() *cloudfleet.Client {
	if r.data == nil {
		return nil
	}
	return r.data.Client
}

// ModifyPlan makes the secret unknown exactly when it will be issued.
func (r *Resource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if tfdiag.Defers(r.client(), req.ClientCapabilities.DeferralAllowed) {
		resp.Deferred = &resource.Deferred{Reason: resource.DeferredReasonProviderConfigUnknown}
		return
	}
	var state, plan model
	creates, deletes := req.State.Raw.IsNull(), req.Plan.Raw.IsNull()
	if !creates {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
		r.data.Saw(state.SecretVersion)
	}
	if deletes {
		resp.Diagnostics.Append(r.checkDelete(&state)...)
		return
	}
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	memory, diags := tokenkit.LoadMemory(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	change := transition{issues: true}
	if creates {
		resp.Diagnostics.Append(tokenkit.PlanCreate(ctx, r.data, plan.Name, resp.Private)...)
	} else {
		adopts, diags := tokenkit.Adopts(ctx, req.Config, tokenkit.SecretWO, state.StoredSecret)
		resp.Diagnostics.Append(diags...)
		change = decide(ctx, r.client(), &state, &plan, memory, adopts)
		resp.Diagnostics.Append(tokenkit.CheckLockout(r.client(), change.effect)...)
		if resp.Diagnostics.HasError() {
			return
		}
		if !change.issues {
			resp.Diagnostics.Append(tokenkit.WarnOfNoSchedule(state.Name, state.SecretIssuedAt, plan.RotateAfterDays)...)
		}
		if !change.issues && !change.adopts {
			resp.Diagnostics.Append(memory.WarnOfImport(state.ID, state.Name, state.SecretVersion)...)
		}
		if change.issues && change.issuesIsKnown && !state.SecretIssuedAt.IsNull() {
			resp.Diagnostics.Append(tokenkit.WarnOfRevocation(state.Name, fmt.Sprintf(
				"the secret of token %s that was issued at %s", state.ID.ValueString(), state.SecretIssuedAt.ValueString())))
		}
	}
	if change.issues || change.adopts {
		_, diags = tokenkit.RecipientsFor(ctx, plan.EncryptTo)
		resp.Diagnostics.Append(diags...)
		plan.planSecret()
	}
	plan.schedule(plan.RotateAfterDays)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
}

func (r *Resource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	recipients, diags := tokenkit.RecipientsFor(ctx, m.EncryptTo)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	defer r.data.Process.Begin()()
	version, diags := tokenkit.FirstVersion(ctx, r.data, resp.Private)
	resp.Diagnostics.Append(diags...)
	token, ambiguous, err := r.data.Client.CreateToken(ctx, m.settings())
	if err != nil {
		resp.Diagnostics.Append(failure(create, m, token.ID, err)...)
		if token.ID == "" {
			return
		}
		m.setNoSecret()
	} else {
		resp.Diagnostics.Append(m.setSecret(token, version, recipients)...)
	}
	if r.data.Process.CLIIsGone() {
		resp.Diagnostics.Append(tokenkit.DeleteUnowned(ctx, r.data.Client, token.ID)...)
		return
	}
	m.ID, m.CreatedAt = types.StringValue(token.ID), tokenkit.Timestamp(token.CreatedAt)
	m.schedule(m.RotateAfterDays)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, m.ID)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)

	var memory tokenkit.Memory
	memory.SeenIn(ctx, r.data.Client)
	resp.Diagnostics.Append(memory.RememberStored(m.settings(), token)...)
	resp.Diagnostics.Append(memory.Created(ctx, r.data.Client, token, ambiguous)...)
	resp.Diagnostics.Append(memory.Save(ctx, resp.Private)...)
}

func (r *Resource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	if tfdiag.Defers(r.client(), req.ClientCapabilities.DeferralAllowed) {
		resp.Deferred = &resource.Deferred{Reason: resource.DeferredReasonProviderConfigUnknown}
		return
	}
	var m model
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	memory, diags := tokenkit.LoadMemory(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.data.Saw(m.SecretVersion)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, m.ID)...)
	imported := m.Name.IsNull()
	token, err := r.data.Client.GetTokenBatched(ctx, m.known(memory))
	if missing := tokenkit.NotImported(m.ID.ValueString(), err); imported && missing != nil {
		resp.Diagnostics.Append(missing...)
		return
	}
	if cloudfleet.IsNotFound(err) {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.Append(failure("read", m, "", err)...)
		return
	}
	remembered := memory
	if imported {
		memory.Imported = time.Now()
	}
	resp.Diagnostics.Append(memory.Unspell(&token)...)
	m.setToken(token)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	memory.SeenIn(ctx, r.data.Client)
	memory.SetAge(m.SecretIssuedAt)
	resp.Diagnostics.Append(memory.CheckLeftovers(ctx, r.data.Client, token)...)
	resp.Diagnostics.Append(memory.Verify(ctx, r.data.Client, tokenkit.Secret{
		TokenID: m.ID, Name: m.Name, Secret: m.Secret, Version: m.SecretVersion, IssuedAt: m.SecretIssuedAt, Verify: m.VerifySecret,
	})...)
	if memory != remembered {
		resp.Diagnostics.Append(memory.Save(ctx, resp.Private)...)
	}
}

// Update begins with the state, renames first and regenerates last, and saves after
// each call: what one call has done is in the state even where the next one fails.
func (r *Resource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m, plan model
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	memory, diags := tokenkit.LoadMemory(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	recipients, diags := tokenkit.RecipientsFor(ctx, plan.EncryptTo)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	adopts, diags := tokenkit.Adopts(ctx, req.Config, tokenkit.SecretWO, m.StoredSecret)
	resp.Diagnostics.Append(diags...)
	change := decide(ctx, r.data.Client, &m, &plan, memory, adopts)
	resp.Diagnostics.Append(tokenkit.CheckLockout(r.data.Client, change.effect)...)
	if resp.Diagnostics.HasError() {
		return
	}
	defer r.data.Process.Begin()()
	resp.Diagnostics.Append(identify(ctx, resp.Identity, m.ID)...)
	save := func() {
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
		resp.Diagnostics.Append(memory.Save(ctx, resp.Private)...)
	}

	m.VerifySecret = plan.VerifySecret
	if change.updates {
		token, err := r.data.Client.UpdateToken(ctx, m.ID.ValueString(), plan.settings())
		if err != nil {
			resp.Diagnostics.Append(failure("update", m, "", err)...)
			return
		}
		m.Name, m.Role = plan.Name, plan.Role
		resp.Diagnostics.Append(memory.RememberStored(plan.settings(), token)...)
		save()
	}
	if change.issues {
		token, ambiguous, err := r.data.Client.RegenerateToken(ctx, m.known(memory))
		if err != nil {
			resp.Diagnostics.Append(failure(regenerate, m, "", err)...)
			return
		}
		version := types.Int64Value(tokenkit.NextVersion(m.SecretVersion.ValueInt64()))
		diags := m.setSecret(token, version, recipients)
		if resp.Diagnostics.Append(diags...); diags.HasError() {
			save()
			return
		}
		m.schedule(plan.RotateAfterDays)
		resp.Diagnostics.Append(memory.Issued(m.Name, version, ambiguous)...)
	}
	if change.adopts {
		stored, diags := tokenkit.Adopt(ctx, r.data.Client, req.Config, tokenkit.SecretWO, m.ID, recipients)
		if resp.Diagnostics.Append(diags...); diags.HasError() {
			return
		}
		m.adopt(stored)
	}
	m.RotationTrigger, m.EncryptTo = plan.RotationTrigger, plan.EncryptTo
	m.schedule(plan.RotateAfterDays)
	save()
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
	r.data.Saw(m.SecretVersion)
	err := r.data.Client.DeleteToken(ctx, m.known(memory))
	if err != nil && !cloudfleet.IsNotFound(err) {
		resp.Diagnostics.Append(failure("delete", m, "", err)...)
	}
}

// checkDelete refuses to delete the provider's own token.
func (r *Resource) checkDelete(m *model) diag.Diagnostics {
	return tokenkit.CheckLockout(r.client(), tokenkit.Effect{
		ID: m.ID, Name: m.Name, Deletes: true,
		Alternative: tokenkit.LeaveToken,
	})
}
