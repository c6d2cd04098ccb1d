// Package tokenkit has what the two token resources share: the model, what they remember,
// how they plan, import and move, lists, the lock-out guard and schedules.
package tokenkit

import (
	"cmp"
	"fmt"
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/secret"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/validate"
)

// Model is what the two token resources have in common in configuration, plan and state.
// It is embedded in their models, and goes along with a `moved` block.
type Model struct {
	secret.Stored
	Name            types.String `tfsdk:"name"`
	Role            types.String `tfsdk:"role"`
	RotationTrigger types.String `tfsdk:"rotation_trigger"`
	RotateAfterDays types.Number `tfsdk:"rotate_after_days"`
	RotationDue     types.String `tfsdk:"rotation_due"`
	VerifySecret    types.Bool   `tfsdk:"verify_secret"`
	EncryptTo       types.Object `tfsdk:"encrypt_to"`
	SecretWO        types.String `tfsdk:"secret_wo"`
	SecretWOVersion types.Number `tfsdk:"secret_wo_version"`
	SecretVersion   types.Int64  `tfsdk:"secret_version"`
	SecretIssuedAt  types.String `tfsdk:"secret_issued_at"`
}

// Attributes returns the attributes of a Model for the schema of a resource. token names
// the token in descriptions. rotation says what a rotation does: "Changing it …".
func Attributes(token, rotation string) map[string]schema.Attribute {
	all := secret.Attributes(token, rotation)
	maps.Copy(all, map[string]schema.Attribute{
		"name": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "Name of the token, such as `github-actions-registry`: 1 to 255 characters, no control characters, no space at " +
				"either end. It need not be unique. Changing it renames the token in place.",
			Validators: []validator.String{validate.String(checkName)},
		},
		"role": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: RoleDescription + " Changing it updates the token in place.",
			Validators:          []validator.String{validate.String(cloudfleet.CheckRole)},
		},
		"rotation_trigger": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Any text, such as a date or the ID of a `time_rotating`. Changing it " + rotation + ". Setting it for the first " +
				"time, or removing it, rotates nothing. Do not use `timestamp()`, which changes with each apply. Default: none.",
		},
		"verify_secret": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Whether each refresh checks, with one call, that the secret in the state is valid. If it was " +
				"regenerated elsewhere, the plan " + rotation + ". No effect with `encrypt_to`. Default: `false`.",
		},
		rotateAfterDays: rotateAfterDaysAttribute(rotation),
		"secret_version": schema.Int64Attribute{
			Computed: true,
			MarkdownDescription: "Version of the secret: the Unix time in seconds of its issue, or more. It grows with each secret. Use it as the " +
				"version of another resource's write-only argument, such as `data_json_wo_version`. 0 after an import, until the state has a secret.",
		},
		"secret_issued_at": schema.StringAttribute{
			Computed: true,
			MarkdownDescription: "When the secret of " + token + " was issued, RFC 3339 in UTC. Null after an import, and for a " +
				"secret that was taken over.",
		},
		"rotation_due": rotationDueAttribute,
	})
	return all
}

// RoleDescription describes a role.
const RoleDescription = "Role of the token: `Administrator` pushes and pulls images and manages tokens; `User` pulls."

// NewModel returns a model without a secret in which nothing is set.
func NewModel() Model {
	return Model{Stored: secret.None(), EncryptTo: secret.NoRecipients(), SecretVersion: types.Int64Value(0)}
}

// Settings is the body of a create or update. Null and unknown are empty.
func (m *Model) Settings() cloudfleet.TokenSettings {
	return cloudfleet.TokenSettings{Name: m.Name.ValueString(), Role: cloudfleet.Role(m.Role.ValueString())}
}

// SetDrift stores name and role as they are at Cloudfleet. A field that the answer lacks
// changes nothing.
func (m *Model) SetDrift(t cloudfleet.Token) {
	if t.Name != "" {
		m.Name = types.StringValue(t.Name)
	}
	if t.Role != "" {
		m.Role = types.StringValue(string(t.Role))
	}
}

// Label names a token in a message: by its name and ID, or by its ID if it has no name.
func (m *Model) Label(id types.String) string { return label(m.Name, id) }

func label(name, id types.String) string {
	if name.IsNull() || name.IsUnknown() {
		return id.ValueString()
	}
	return fmt.Sprintf("%q (%s)", name.ValueString(), id.ValueString())
}

// Issued stores the secret in the answer to a create or regenerate. twice: the request was
// sent again because the first answer was lost. After an error the secret is lost, and the
// rest is stored.
func (m *Model) Issued(memory *Memory, t cloudfleet.Token, recipients secret.Recipients, twice bool) (diags diag.Diagnostics) {
	called := m.Label(types.StringValue(t.ID))
	stored, err := secret.Store(t.Secret, recipients)
	if err != nil {
		diags.AddError("Could not encrypt the secret of API token "+t.ID,
			tfdiag.Sentence(err)+" The secret is lost. Change rotation_trigger to have another one issued.")
	}
	at := time.Now()
	switch skew := t.UpdatedAt.Sub(at); {
	case skew > maxClockSkew:
		diags.AddWarning("Cloudfleet dates the secret of API token "+called+" in the future", fmt.Sprintf(
			"updated_at is %s. secret_issued_at has the time of this machine instead, from which rotate_after_days counts. Check the "+
				"clock of this machine.", Timestamp(t.UpdatedAt).ValueString()))
	case skew > -maxClockSkew:
		at = t.UpdatedAt
	}
	m.Stored, m.SecretVersion, m.SecretIssuedAt = stored, m.nextVersion(), Timestamp(at)
	diags.Append(memory.issued(called, twice, m.Secret.IsNull())...)
	m.Schedule(*memory)
	return diags
}

// Adopted stores a secret that was taken over. It is not known when it was issued.
func (m *Model) Adopted(memory *Memory, stored secret.Stored, plan *Model) {
	m.Stored, m.SecretVersion, m.SecretIssuedAt = stored, m.nextVersion(), types.StringNull()
	m.EncryptTo, m.SecretWOVersion = plan.EncryptTo, plan.SecretWOVersion
	memory.Secret, memory.Since, memory.DueDays = "", now(), 0
	m.Schedule(*memory)
}

// nextVersion returns the version of a secret that is stored now: the Unix time in
// seconds, or one more than that of the state.
func (m *Model) nextVersion() types.Int64 {
	return types.Int64Value(max(time.Now().Unix(), m.SecretVersion.ValueInt64()+1))
}

// SetNoSecret removes the secret of a token that is gone or was never known. The version
// stays, because the next secret needs a larger one.
func (m *Model) SetNoSecret() {
	m.Stored, m.SecretIssuedAt = secret.None(), types.StringNull()
}

// Keep sets what a plan computes to the state, before it is decided what changes.
func (m *Model) Keep(state *Model) {
	m.Stored, m.SecretVersion, m.SecretIssuedAt, m.RotationDue = state.Stored, state.SecretVersion, state.SecretIssuedAt, state.RotationDue
}

// SetConfigured stores the arguments that need no call, once everything else is done.
func (m *Model) SetConfigured(plan *Model, memory *Memory) {
	if memory.Since.IsZero() && m.SecretIssuedAt.IsNull() {
		memory.Since = now()
	}
	m.RotationTrigger, m.EncryptTo, m.VerifySecret = plan.RotationTrigger, plan.EncryptTo, plan.VerifySecret
	m.RotateAfterDays, m.SecretWOVersion = plan.RotateAfterDays, plan.SecretWOVersion
	m.Schedule(*memory)
}

// Timestamp returns t in RFC 3339 and UTC, or null if t is zero.
func Timestamp(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339))
}

// parseTime returns the time in an attribute, zero if there is none.
func parseTime(attribute types.String) time.Time {
	t, _ := time.Parse(time.RFC3339, attribute.ValueString()) // zero on an error
	return t
}

// now returns the time in the precision of an attribute.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }

// spelling fills in what an answer lacks.
func spelling(answer cloudfleet.Token, sent cloudfleet.TokenSettings) cloudfleet.TokenSettings {
	return cloudfleet.TokenSettings{Name: cmp.Or(answer.Name, sent.Name), Role: cmp.Or(answer.Role, sent.Role)}
}
