package tokenkit

import (
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Names of the attributes of a schedule.
const (
	RotateAfterDaysName = "rotate_after_days"
	RotationDueName     = "rotation_due"
)

const (
	day = 24 * time.Hour
	// maxRotateAfterDays is ten years.
	maxRotateAfterDays = 3650
)

// RotateAfterDaysAttribute is rotate_after_days in the schema of a resource. rotation
// ends the sentence "The first plan after that …".
func RotateAfterDaysAttribute(rotation string) schema.Int64Attribute {
	return schema.Int64Attribute{
		Optional: true,
		MarkdownDescription: fmt.Sprintf("Age in days, 1 to %d, at which the secret is rotated, counted from `secret_issued_at`. The first plan "+
			"after that %s. Nothing happens between two runs, and nothing with `-refresh=false`: run the pipeline on a schedule. A token whose "+
			"secret is older already is rotated by the apply that sets this. Can be combined with `rotation_trigger`, for a rotation in between. "+
			"Default: no rotation by age.", maxRotateAfterDays, rotation),
		Validators: []validator.Int64{int64validator.Between(1, maxRotateAfterDays)},
	}
}

// RotationDueAttribute is rotation_due in the schema of a resource.
var RotationDueAttribute = schema.StringAttribute{
	Computed: true,
	MarkdownDescription: "When the next rotation by `rotate_after_days` is due, RFC 3339 in UTC. Null without `rotate_after_days`, and " +
		"as long as `secret_issued_at` is null.",
}

// rotationDue returns when a secret that was issued at this time is due: null if either
// is null, unknown if either is unknown.
func rotationDue(issuedAt types.String, afterDays types.Int64) types.String {
	switch issued := parseTime(issuedAt); {
	case afterDays.IsNull() || issuedAt.IsNull():
		return types.StringNull()
	case afterDays.IsUnknown() || issuedAt.IsUnknown():
		return types.StringUnknown()
	case issued.IsZero():
		return types.StringNull()
	default:
		return Timestamp(issued.Add(time.Duration(afterDays.ValueInt64()) * day))
	}
}

// SetAge stores during a refresh how old the secret is. issuedAt is null if that is not
// known.
func (m *Memory) SetAge(issuedAt types.String) {
	m.SecretAgeDays = 0
	if issued := parseTime(issuedAt); !issued.IsZero() {
		m.SecretAgeDays = max(0, int64(time.Since(issued)/day))
	}
}

// IsDue reports whether the secret had this age at the last refresh. If afterDays is
// unknown, it reports whether that is possible.
func (m Memory) IsDue(afterDays types.Int64) bool {
	return !afterDays.IsNull() && m.SecretAgeDays >= max(1, afterDays.ValueInt64())
}

// WarnOfNoSchedule warns in a plan that issues no secret that a rotation by age will not
// happen, because the age is not known.
func WarnOfNoSchedule(name, issuedAt types.String, afterDays types.Int64) (diags diag.Diagnostics) {
	if !afterDays.IsNull() && issuedAt.IsNull() {
		diags.AddAttributeWarning(
			path.Root(RotateAfterDaysName),
			fmt.Sprintf("The rotation of API token %q is not scheduled", name.ValueString()),
			"When its secret was issued is not known (secret_issued_at is null), as after an import. Apply one rotation_trigger, then another: "+
				"that rotates once, and the days count from then on.",
		)
	}
	return diags
}
