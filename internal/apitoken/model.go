package apitoken

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
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

// setToken copies the answer to a read.
func (m *model) setToken(t cloudfleet.Token) {
	m.ID = types.StringValue(t.ID)
	m.SetDrift(t)
	if !t.CreatedAt.IsZero() {
		m.CreatedAt = tokenkit.Timestamp(t.CreatedAt)
	}
}

// transition is what an apply does to a token: decided once from state and plan, and used
// by the plan, the lock-out guard, the warnings and the update.
type transition struct{ tokenkit.Change }

func decide(ctx context.Context, client *cloudfleet.Client, state, plan *model, memory tokenkit.Memory) transition {
	return transition{tokenkit.Decide(ctx, client, state.ID, &state.Model, &plan.Model, memory)}
}

// effect is what the lock-out guard checks.
func (t transition) effect(state, plan *model) tokenkit.Effect {
	e := tokenkit.Effect{
		ID: state.ID, Name: state.Name, Regenerates: t.Issues && t.IssuesIsKnown, Schedules: !plan.RotateAfterDays.IsNull(),
	}
	if t.Updates {
		e.Role = plan.Role
	}
	return e
}

// warnings say in a plan whose access ends.
func (t transition) warnings(state *model) diag.Diagnostics {
	if !t.Issues {
		return nil
	}
	return tokenkit.WarnOfRevocation(state.Label(state.ID), t.IssuesIsKnown, "the present secret of token "+state.ID.ValueString())
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
