package tokenkit

import (
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/validate"
)

const (
	rotateAfterDays = "rotate_after_days"

	day = 24 * time.Hour
	// maxRotateAfterDays is ten years.
	maxRotateAfterDays = 3650
	// earlyPart and earlyMax are how much earlier than rotation_due a secret is rotated: a
	// tenth of the days, but no more than six hours. A pipeline that runs each night then
	// finds it due, even if it starts a little earlier than the night before.
	earlyPart = 10
	earlyMax  = 6 * time.Hour
)

func rotateAfterDaysAttribute(rotation string) schema.NumberAttribute {
	return schema.NumberAttribute{
		Optional: true,
		MarkdownDescription: fmt.Sprintf(
			"Age in days, 1 to %d. The first plan after `rotation_due` %s; so does a plan in the last tenth of the time, at "+
				"most six hours early. An older secret is rotated by the apply that sets this. Nothing happens without a run: apply on a schedule, "+
				"and without `-refresh=false`. Default: no rotation by age.",
			maxRotateAfterDays,
			rotation,
		),
		Validators: []validator.Number{validate.Whole(1, maxRotateAfterDays)},
	}
}

var rotationDueAttribute = schema.StringAttribute{
	Computed: true,
	MarkdownDescription: "When `rotate_after_days` are over, RFC 3339 in UTC. They count from `secret_issued_at` or, if that is " +
		"null, from the import or from when the secret was taken over. Null without `rotate_after_days`.",
}

// Schedule sets when the next rotation is due: unknown in a plan that issues a secret or
// takes one over.
func (m *Model) Schedule(memory Memory) {
	switch {
	case m.RotateAfterDays.IsNull():
		m.RotationDue = types.StringNull()
	case m.RotateAfterDays.IsUnknown(), m.SecretVersion.IsUnknown(), m.since(memory).IsZero():
		m.RotationDue = types.StringUnknown()
	default:
		m.RotationDue = Timestamp(m.since(memory).Add(time.Duration(validate.Int64(m.RotateAfterDays)) * day))
	}
}

// since returns from when the days count, zero if that is not known.
func (m *Model) since(memory Memory) time.Time {
	if issued := parseTime(m.SecretIssuedAt); !issued.IsZero() {
		return issued
	}
	return memory.Since
}

// setAge stores during a refresh for how many days the secret is due. A date of the future
// is not believed, because it would stop the rotation.
func (m *Memory) setAge(s *Model) {
	if time.Until(parseTime(s.SecretIssuedAt)) > maxClockSkew {
		s.SecretIssuedAt = types.StringNull()
	}
	if s.SecretIssuedAt.IsNull() && m.Since.IsZero() {
		m.Since = now()
	}
	s.Schedule(*m)
	// The largest n with n - min(n/earlyPart, earlyMax) <= age.
	age := max(0, time.Since(s.since(*m)))
	m.DueDays = int64(min(age/(earlyPart-1)*earlyPart, age+earlyMax) / day)
}

// isDue reports whether the secret was due at the last refresh. If afterDays is unknown,
// it reports whether that is possible.
func (m *Memory) isDue(afterDays types.Number) bool {
	return !afterDays.IsNull() && m.DueDays >= max(1, validate.Int64(afterDays))
}

// warnOfUnknownAge warns in the plan that sets a schedule that the age of the secret is
// not known.
func (m *Memory) warnOfUnknownAge(state, plan *Model) (diags diag.Diagnostics) {
	if plan.RotateAfterDays.IsNull() || plan.RotateAfterDays.Equal(state.RotateAfterDays) || !state.SecretIssuedAt.IsNull() {
		return nil
	}
	diags.AddAttributeWarning(path.Root(rotateAfterDays), "The age of a secret is not known", fmt.Sprintf(
		"When the secret of API token %q was issued is not known (secret_issued_at is null). The days count from %s, when this state "+
			"got it. If it may be too old by then, rotate it now: change rotation_trigger.",
		plan.Name.ValueString(), Timestamp(m.Since).ValueString()))
	return diags
}
