// Package rotatingtoken has everything named cloudfleet_rotating_api_token.
package rotatingtoken

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
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

// Resource is cloudfleet_rotating_api_token.
type Resource struct {
	data *providerdata.Data
}

// NewResource returns the resource for the provider to serve.
func NewResource() resource.Resource { return &Resource{} }

func (r *Resource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_rotating_api_token"
	resp.ResourceBehavior.MutableIdentity = true // each rotation swaps the two IDs
}

func (r *Resource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	text := func(sensitive bool, description string) schema.StringAttribute {
		return schema.StringAttribute{
			Computed: true, Sensitive: sensitive, MarkdownDescription: description,
			PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "An API token that is rotated without downtime: two tokens that take turns. A rotation issues a new secret " +
			"for the older token and makes it the current one. The secret that was current stays valid until the next rotation.",
		Attributes: map[string]schema.Attribute{
			"name": tokenkit.NameAttribute,
			"role": tokenkit.RoleAttribute,
			"rotation_trigger": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Any text, such as a date or the ID of a `time_rotating`. Changing it rotates the two tokens: " +
					"another one becomes current, and **the secret of the previous one is revoked**. Setting it for the first time, or " +
					"removing it, rotates nothing. An empty text is a value like any other. Do not use `timestamp()`, which changes with " +
					"each apply. Default: none.",
			},
			tokenkit.RotateAfterDaysName: tokenkit.RotateAfterDaysAttribute("rotates the two tokens, and **revokes the previous secret**"),
			"keep_previous": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "Whether the token that was current before a rotation stays valid until the next one. With `false` " +
					"it is deleted, immediately and after each further rotation: use this when a secret has leaked. Default: `true`.",
			},
			"verify_secret": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether each refresh checks, with one call, that Cloudfleet still accepts the current secret in " +
					"the state. If it was regenerated elsewhere, the refresh warns, and the plan rotates the tokens. No effect with " +
					"`encrypt_to`. Default: `false`.",
			},
			tokenkit.EncryptToName: tokenkit.EncryptToAttribute("rotates the two tokens: the new current secret is for the new recipients"),
			"token_id": text(
				false,
				"ID of the current token: the user name for `docker login`. A rotation changes it, so pass it on together with "+
					"`secret`.",
			),
			"secret": text(true, "Secret of the current token: the password for `docker login`. Stored in the state: use an encrypted backend, or "+
				"set `encrypt_to`, with which it is null. Null after an import, until the first rotation: Cloudfleet shows it "+
				"only once."),
			tokenkit.SecretWO:         tokenkit.AdoptAttribute("the current token", "secret"),
			tokenkit.PreviousSecretWO: tokenkit.AdoptAttribute("the previous token", "previous_secret"),
			"encrypted_secret": text(
				false,
				"The secret, encrypted so that only the recipients in `encrypt_to` can read it. Null without recipients, and "+
					"with several kinds of them: then `encrypted_secrets` has it.",
			),
			"encrypted_secrets": tokenkit.EncryptedSecretsAttribute("The secret", "encrypted_secret"),
			"secret_version": schema.Int64Attribute{
				Computed: true, MarkdownDescription: tokenkit.VersionDescription,
				PlanModifiers: []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
			},
			"secret_issued_at":       text(false, "When the current secret was issued, RFC 3339 in UTC. Null after an import."),
			tokenkit.RotationDueName: tokenkit.RotationDueAttribute,
			"previous_token_id": text(
				false,
				"ID of the token that was current before the last rotation. Null before the first, and without `keep_previous`.",
			),
			"previous_secret": text(true, "Secret of that token, valid until the next rotation, for clients that must accept both. Null if "+
				"`previous_token_id` is null, if the secret was encrypted, and if it is not known, as after an import."),
			"previous_encrypted_secret": text(
				false,
				"The secret of that token, encrypted for those who were the recipients when it was issued.",
			),
			"previous_encrypted_secrets": tokenkit.EncryptedSecretsAttribute("The secret of that token", "previous_encrypted_secret"),
		},
	}
}

func (r *Resource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.data = providerdata.From(req.ProviderData, &resp.Diagnostics)
}

// client returns nil before the provider is configured, for example in a validation.
func (r *Resource) client() *cloudfleet.Client {
	if r.data == nil {
		return nil
	}
	return r.data.Client
}

// ModifyPlan shows which secret is issued, which stays, and which is revoked.
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
	change := transition{Change: tokenkit.Change{Issues: true}}
	if creates {
		plan.planCurrent(ctx)
		plan.setNoPrevious()
		resp.Diagnostics.Append(tokenkit.PlanCreate(ctx, r.data, plan.Name, resp.Private)...)
	} else {
		adopts, diags := state.adopts(ctx, req.Config)
		resp.Diagnostics.Append(diags...)
		change = decide(ctx, r.client(), &state, &plan, memory, adopts)
		change.planUnknowns(ctx, &state, &plan)
		resp.Diagnostics.Append(tokenkit.CheckLockout(r.client(), change.effects(&state, &plan)...)...)
		resp.Diagnostics.Append(change.warnings(&state)...)
		if !change.Issues {
			resp.Diagnostics.Append(tokenkit.WarnOfNoSchedule(state.Name, state.SecretIssuedAt, plan.RotateAfterDays)...)
		}
		if !change.Issues && !change.adopts.current {
			resp.Diagnostics.Append(memory.WarnOfImport(state.TokenID, state.Name, state.SecretVersion)...)
		}
	}
	if change.Issues {
		_, diags := tokenkit.RecipientsFor(ctx, plan.EncryptTo)
		resp.Diagnostics.Append(diags...)
	}
	plan.Schedule(plan.RotateAfterDays)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
	}
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
	token, ambiguous, err := r.data.Client.CreateToken(ctx, m.Settings())
	if err != nil {
		resp.Diagnostics.Append(createFailure(m.Name, token.ID, err)...)
		if token.ID == "" {
			return
		}
		m.setNoCurrent()
		m.TokenID, m.SecretVersion = types.StringValue(token.ID), types.Int64Value(0)
	} else {
		resp.Diagnostics.Append(m.setCurrent(token, version, recipients)...)
	}
	if r.data.Process.CLIIsGone() {
		resp.Diagnostics.Append(tokenkit.DeleteUnowned(ctx, r.data.Client, token.ID)...)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	resp.Diagnostics.Append(m.identify(ctx, resp.Identity)...)

	var memory tokenkit.Memory
	memory.SeenIn(ctx, r.data.Client)
	resp.Diagnostics.Append(memory.RememberStored(m.Settings(), token)...)
	resp.Diagnostics.Append(memory.Created(ctx, r.data.Client, token, ambiguous)...)
	resp.Diagnostics.Append(memory.Save(ctx, resp.Private)...)
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
	r.data.Saw(m.SecretVersion)
	resp.Diagnostics.Append(r.delete(ctx, m.known(m.PreviousTokenID, memory))...)
	if resp.Diagnostics.HasError() {
		return
	}
	current := m.known(m.TokenID, memory)
	m.setNoPrevious()
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	resp.Diagnostics.Append(r.delete(ctx, current)...)
}

// checkDelete refuses to delete the provider's own token, in either slot.
func (r *Resource) checkDelete(m *model) diag.Diagnostics {
	return tokenkit.CheckLockout(r.client(),
		tokenkit.Effect{ID: m.TokenID, Name: m.Name, Deletes: true, Alternative: tokenkit.LeaveToken},
		tokenkit.Effect{ID: m.PreviousTokenID, Name: m.Name, Deletes: true, Alternative: tokenkit.LeaveToken})
}
