// Package apitoken has everything named cloudfleet_api_token.
package apitoken

import (
	"context"
	"fmt"

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
		MarkdownDescription: "An API token: its ID is the user name and its secret the password for the container registry (CFCR) and " +
			"for the Cloudfleet API. Use a separate token for each pipeline, so that each can be rotated and revoked separately.",
		Attributes: map[string]schema.Attribute{
			"name": tokenkit.NameAttribute,
			"role": tokenkit.RoleAttribute,
			"rotation_trigger": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Any text, such as a date or the ID of a `time_rotating`. Changing it regenerates the secret in " +
					"place, and **revokes the old one immediately**. Setting it for the first time, or removing it, regenerates nothing. " +
					"An empty text is a value like any other. Do not use `timestamp()`, which changes with each apply. Default: none.",
			},
			tokenkit.RotateAfterDaysName: tokenkit.RotateAfterDaysAttribute("regenerates it in place, and **revokes the old one immediately**"),
			"verify_secret": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether each refresh checks, with one call, that Cloudfleet still accepts the secret in the state. " +
					"If it was regenerated elsewhere, the refresh warns, and the plan regenerates it again. No effect with `encrypt_to`. " +
					"Default: `false`.",
			},
			tokenkit.EncryptToName: tokenkit.EncryptToAttribute("regenerates the secret, and **revokes the old one immediately**"),
			"id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "ID of the token: the user name for `docker login`. It does not change when the secret is regenerated.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"secret": schema.StringAttribute{
				Computed: true, Sensitive: true,
				MarkdownDescription: "Secret of the token: the password for `docker login`. Stored in the state: use an encrypted " +
					"backend, or set `encrypt_to`, with which it is null. Null after an import, until the secret is regenerated: " +
					"Cloudfleet shows it only once.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"encrypted_secret": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "The secret, encrypted so that only the recipients in `encrypt_to` can read it. It changes only " +
					"with the secret or the recipients. Null without recipients, and with several kinds of them: then `encrypted_secrets` has it.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"encrypted_secrets": tokenkit.EncryptedSecretsAttribute("The secret", "encrypted_secret"),
			tokenkit.SecretWO:   tokenkit.AdoptAttribute("the token", "secret"),
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

// client returns nil before the provider is configured, for example in a validation.
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
	change := transition{Change: tokenkit.Change{Issues: true}}
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
		if !change.Issues {
			resp.Diagnostics.Append(tokenkit.WarnOfNoSchedule(state.Name, state.SecretIssuedAt, plan.RotateAfterDays)...)
		}
		if !change.Issues && !change.adopts {
			resp.Diagnostics.Append(memory.WarnOfImport(state.ID, state.Name, state.SecretVersion)...)
		}
		if change.Issues && change.IssuesIsKnown && !state.SecretIssuedAt.IsNull() {
			resp.Diagnostics.Append(tokenkit.WarnOfRevocation(state.Name, fmt.Sprintf(
				"the secret of token %s that was issued at %s", state.ID.ValueString(), state.SecretIssuedAt.ValueString())))
		}
	}
	if change.Issues || change.adopts {
		_, diags = tokenkit.RecipientsFor(ctx, plan.EncryptTo)
		resp.Diagnostics.Append(diags...)
		plan.PlanSecret(ctx)
	}
	plan.Schedule(plan.RotateAfterDays)
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
	token, ambiguous, err := r.data.Client.CreateToken(ctx, m.Settings())
	if err != nil {
		resp.Diagnostics.Append(failure(create, m, token.ID, err)...)
		if token.ID == "" {
			return
		}
		m.SetNoSecret()
		m.SecretVersion = types.Int64Value(0)
	} else {
		resp.Diagnostics.Append(m.SetSecret(token, version, recipients)...)
	}
	if r.data.Process.CLIIsGone() {
		resp.Diagnostics.Append(tokenkit.DeleteUnowned(ctx, r.data.Client, token.ID)...)
		return
	}
	m.ID, m.CreatedAt = types.StringValue(token.ID), tokenkit.Timestamp(token.CreatedAt)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, m.ID)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)

	var memory tokenkit.Memory
	memory.SeenIn(ctx, r.data.Client)
	resp.Diagnostics.Append(memory.RememberStored(m.Settings(), token)...)
	resp.Diagnostics.Append(memory.Created(ctx, r.data.Client, token, ambiguous)...)
	resp.Diagnostics.Append(memory.Save(ctx, resp.Private)...)
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
