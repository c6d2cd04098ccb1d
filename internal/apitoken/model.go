package apitoken

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

// model is cloudfleet_api_token in configuration, plan and state.
type model struct {
	tokenkit.Model
	ID        types.String `tfsdk:"id"`
	CreatedAt types.String `tfsdk:"created_at"`
}

// known returns what is known of the token, by which a 404 or a page of a list is judged.
func (m *model) known(memory tokenkit.Memory) cloudfleet.KnownToken {
	return tokenkit.Known(m.ID, m.Settings(), memory, m.SecretIssuedAt, m.CreatedAt)
}

// setToken copies the answer to a read.
func (m *model) setToken(t cloudfleet.Token) {
	m.ID = types.StringValue(t.ID)
	tokenkit.SetDrift(&m.Name, &m.Role, t)
	if !t.CreatedAt.IsZero() {
		m.CreatedAt = tokenkit.Timestamp(t.CreatedAt)
	}
}

// transition is what an apply does to a token: decided once from state and plan, and used
// by the plan, the lock-out guard and the update.
type transition struct {
	tokenkit.Change
	// adopts: the secret is the one in secret_wo.
	adopts bool
	// effect is checked by the lock-out guard.
	effect tokenkit.Effect
}

func decide(
	ctx context.Context, client *cloudfleet.Client, state, plan *model, memory tokenkit.Memory, adopts bool,
) transition {
	t := transition{Change: tokenkit.Decide(ctx, client, state.ID, &state.Model, &plan.Model, memory, adopts)}
	t.adopts = adopts && !t.Issues
	t.effect = tokenkit.Effect{
		ID: state.ID, Name: state.Name, Regenerates: t.Issues && t.IssuesIsKnown, Schedules: !plan.RotateAfterDays.IsNull(),
	}
	if t.Updates {
		t.effect.Role = plan.Role
	}
	return t
}

// readableModel is what can be read of an existing token: everything but its secret.
type readableModel struct {
	ID        types.String `tfsdk:"id"`
	Name      types.String `tfsdk:"name"`
	Role      types.String `tfsdk:"role"`
	CreatedAt types.String `tfsdk:"created_at"`
	UpdatedAt types.String `tfsdk:"updated_at"`
}

const (
	roleDescription      = "`Administrator` pushes and pulls images and manages tokens; `User` pulls."
	createdAtDescription = "When the token was created, RFC 3339 in UTC."
	updatedAtDescription = "When the token was last created, renamed or regenerated, RFC 3339 in UTC. Null if Cloudfleet does not say."
)

func readable(t cloudfleet.Token) readableModel {
	return readableModel{
		ID:        types.StringValue(t.ID),
		Name:      types.StringValue(t.Name),
		Role:      types.StringValue(string(t.Role)),
		CreatedAt: tokenkit.Timestamp(t.CreatedAt),
		UpdatedAt: tokenkit.Timestamp(t.UpdatedAt),
	}
}
