package apitoken

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
)

var (
	_ resource.ResourceWithConfigure  = (*RotatingResource)(nil)
	_ resource.ResourceWithModifyPlan = (*RotatingResource)(nil)
)

// RotatingResource is cloudfleet_rotating_api_token.
type RotatingResource struct {
	client *cloudfleet.Client
}

// NewRotatingResource returns the resource for the provider to serve.
func NewRotatingResource() resource.Resource { return &RotatingResource{} }

func (r *RotatingResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_rotating_api_token"
	resp.ResourceBehavior.MutableIdentity = true // each rotation swaps the two IDs
}

func (r *RotatingResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	text := func(sensitive bool, description string) schema.StringAttribute {
		return schema.StringAttribute{
			Computed: true, Sensitive: sensitive, MarkdownDescription: description,
			PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "An API token that is rotated without downtime: two tokens that take turns. A rotation gives a new secret to the " +
			"older of the two and makes it the current one; the one that was current stays good until the next rotation.",
		Attributes: map[string]schema.Attribute{
			"name": nameAttribute,
			"role": roleAttribute,
			"rotation_trigger": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Any text, such as a date or the output of `time_rotating`. When one value is followed by another, the two " +
					"tokens are rotated: there is a new current one, and **the previous one is refused from then on**. To set it for the first " +
					"time, or to remove it, rotates nothing.",
			},
			"keep_previous": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "Whether the token that was current before a rotation stays good until the next. With `false` it is deleted, " +
					"at once and after each further rotation: for a secret that has leaked. Default: `true`.",
			},
			encryptToName: encryptToAttribute("rotates the two tokens: the new current secret is for the new recipients"),
			"token_id":    text(false, "ID of the current token: the user name for `docker login`. A rotation changes it, so hand it out together with `secret`."),
			"secret": text(true, "Secret of the current token: the password for `docker login`. Stored in the state, so keep that in an encrypted "+
				"backend, or use `encrypt_to`: then it is null. Null after an import, until the first rotation: Cloudfleet shows it only once."),
			"encrypted_secret": text(false, "The secret as only the recipients in `encrypt_to` can read it; null without them."),
			"secret_version": schema.Int64Attribute{
				Computed: true,
				MarkdownDescription: "1 at creation, and one more with each new secret: what a write-only argument of another resource takes as its " +
					"version, such as `data_json_wo_version`. 0 after an import.",
				PlanModifiers: []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
			},
			"secret_issued_at":  text(false, "When the current secret was issued, RFC 3339 in UTC. Null after an import."),
			"previous_token_id": text(false, "ID of the token that was current before the last rotation. Null before the first, and without `keep_previous`."),
			"previous_secret": text(true, "Secret of that token, good until the next rotation: for what has to know both. Null where "+
				"`previous_token_id` is, where it was encrypted, and where it was never known, as after an import."),
			"previous_encrypted_secret": text(false, "The secret of that token as only those can read it who were the recipients when it was issued."),
		},
	}
}

func (r *RotatingResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	if data := providerdata.From(req.ProviderData, &resp.Diagnostics); data != nil {
		r.client = data.Client
	}
}

// ModifyPlan shows which secret is issued, which stays, and which goes.
func (r *RotatingResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var before, plan rotatingModel
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
	}
	if req.Plan.Raw.IsNull() {
		resp.Diagnostics.Append(refuseOwnSlots(ctx, r.client, &before, nil)...)
		return
	}
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	creates := req.State.Raw.IsNull()
	if creates || plan.issues(ctx, &before) {
		_, diags := sealTo(ctx, plan.EncryptTo)
		resp.Diagnostics.Append(diags...)
	}
	if creates {
		plan.expectCurrent()
		plan.setNoPrevious()
	} else {
		resp.Diagnostics.Append(refuseOwnSlots(ctx, r.client, &before, &plan)...)
		plan.foresee(ctx, &before)
	}
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
	}
}

func (r *RotatingResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m rotatingModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	recipients, diags := sealTo(ctx, m.EncryptTo)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	token, inDoubt, err := r.client.CreateToken(ctx, m.settings())
	if err != nil {
		resp.Diagnostics.Append(failure(create, model{Name: m.Name}, err)...)
		if token.ID == "" {
			return
		}
	}
	if resp.Diagnostics.Append(m.setCurrent(token, recipients)...); err != nil {
		m.Secret, m.EncryptedSecret = types.StringNull(), types.StringNull()
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	resp.Diagnostics.Append(m.identify(ctx, resp.Identity)...)
	if inDoubt > 0 {
		resp.Diagnostics.Append(warnOfLeftovers(ctx, r.client, token, inDoubt)...)
	}
}

// Read takes out of the state what is gone: a slot, and with the second one the
// resource.
func (r *RotatingResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m rotatingModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	// Even of what is gone the framework wants an identity, and an older CLI sends none.
	resp.Diagnostics.Append(m.identify(ctx, resp.Identity)...)
	imported := m.KeepPrevious.IsNull()
	var found []cloudfleet.Token
	for _, slot := range []struct {
		id     types.String
		forget func()
	}{{m.TokenID, m.setNoCurrent}, {m.PreviousTokenID, m.setNoPrevious}} {
		if slot.id.IsNull() {
			continue
		}
		token, err := r.client.ReadToken(ctx, slot.id.ValueString())
		switch {
		case err == nil:
			found = append(found, token)
		case cloudfleet.IsNotFound(err) && !imported:
			slot.forget()
		default:
			resp.Diagnostics.Append(rotatingFailure("read", slot.id, "", err)...)
			return
		}
	}
	if len(found) == 0 {
		resp.State.RemoveResource(ctx)
		return
	}
	if m.setSettings(found...); m.Name.IsNull() || m.Role.IsNull() {
		resp.Diagnostics.AddWarning("The two API tokens of a rotating one differ", fmt.Sprintf("%s is named %q with the role %s, and %s is named %q "+
			"with the role %s. The next apply gives both what the configuration says.",
			found[0].ID, found[0].Name, found[0].Role, found[1].ID, found[1].Name, found[1].Role))
	}
	if imported {
		m.KeepPrevious = types.BoolValue(true)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	resp.Diagnostics.Append(m.identify(ctx, resp.Identity)...)
}

// Delete deletes the previous token first: if the second call fails, the secret in
// the state is good.
func (r *RotatingResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m rotatingModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	resp.Diagnostics.Append(refuseOwnSlots(ctx, r.client, &m, nil)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if resp.Diagnostics.Append(r.delete(ctx, m.PreviousTokenID)...); resp.Diagnostics.HasError() {
		return
	}
	m.setNoPrevious()
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	resp.Diagnostics.Append(r.delete(ctx, m.TokenID)...)
}
