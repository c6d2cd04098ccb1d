package tokenkit

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

const (
	// settleTime is how long after its issue a secret is not verified: an API may accept
	// a new secret only after a while.
	settleTime = 5 * time.Minute
	// lateTime is how long an ambiguous write may still be carried out.
	lateTime = time.Minute
	// maxClockSkew is how far the API's clock may be behind this machine's. An older date
	// in the answer to a regenerate is the date of an earlier change.
	maxClockSkew = 24 * time.Hour
)

// Secret is the secret in the state that a refresh may verify.
type Secret struct {
	TokenID, Name, Secret types.String
	Version               types.Int64
	IssuedAt              types.String
	// Verify is verify_secret.
	Verify types.Bool
}

// Verify checks whether the API still accepts the secret in the state, if the
// configuration asks for it or an ambiguous write requires it. It does not check the
// provider's own secret, which works.
func (m *Memory) Verify(ctx context.Context, client *cloudfleet.Client, s Secret) (diags diag.Diagnostics) {
	id := s.TokenID.ValueString()
	if client.CallsAs(id) || s.Secret.IsNull() {
		m.Rejected = ""
		return nil
	}
	ambiguous := !m.Ambiguous.IsZero()
	if !ambiguous && (!s.Verify.ValueBool() || time.Since(parseTime(s.IssuedAt)) < settleTime) {
		return nil
	}
	rejected, err := client.RejectsSecret(ctx, id, s.Secret.ValueString())
	switch {
	case err != nil:
		diags.AddWarning(fmt.Sprintf("Could not verify the secret of API token %q", s.Name.ValueString()),
			tfdiag.Sentence(err)+" This does not affect the plan; the next refresh checks again.")
		return diags
	case !rejected:
		m.Rejected, m.ReissuedVersion = "", 0
		if time.Since(m.Ambiguous) > lateTime {
			m.Ambiguous = time.Time{}
		}
		return nil
	}
	m.Ambiguous = time.Time{}
	summary := fmt.Sprintf("The secret of API token %q is no longer valid", s.Name.ValueString())
	switch {
	case s.Version.ValueInt64() == m.ReissuedVersion && m.ReissuedVersion != 0:
		m.Rejected = ""
		diags.AddWarning(summary, fmt.Sprintf("Cloudfleet rejects the secret in the state (401) of token %s, although it was issued "+
			"because the one before was rejected. The plan does not issue another, which would not help. The token may be "+
			"disabled: check it in the "+
			"Cloudfleet Console. To issue a secret anyway, change rotation_trigger.", id))
	case ambiguous && !s.Verify.ValueBool():
		m.Rejected = RejectedAfterAmbiguous
		diags.AddWarning(summary, fmt.Sprintf("Cloudfleet rejects the secret in the state (401) of token %s. The answer to the first attempt to "+
			"issue it was lost, and that attempt was carried out later: it revoked the secret in the state. The plan "+
			"issues a new one.", id))
	default:
		m.Rejected = RejectedByCheck
		diags.AddWarning(summary, fmt.Sprintf("Cloudfleet rejects the secret in the state (401) of token %s: it was regenerated "+
			"elsewhere, and clients with the one in the state are rejected. The plan issues a new one, which also revokes "+
			"the newer one. To keep the "+
			"newer one, set verify_secret = false.", id))
	}
	return diags
}

// Issued notes that a secret was issued. ambiguous: the request was sent again because
// the first answer was lost.
func (m *Memory) Issued(name types.String, version types.Int64, ambiguous bool) (diags diag.Diagnostics) {
	if m.Rejected != "" {
		m.ReissuedVersion = version.ValueInt64()
	}
	m.Rejected, m.Ambiguous, m.SecretAgeDays = "", time.Time{}, 0
	if ambiguous {
		m.Ambiguous = time.Now()
		diags.AddWarning(fmt.Sprintf("The secret of API token %q may have been regenerated twice", name.ValueString()),
			"The first attempt got no answer, so it was sent again. The secret in the state is the one of the last answer. "+
				"If the first attempt is carried out late, it revokes that secret. The next refresh verifies it, and the plan "+
				"then issues a new one.")
	}
	return diags
}

// Created warns of what an ambiguous create may have left behind, and lets the next
// refresh look again. known are IDs of tokens that are no leftovers.
func (m *Memory) Created(
	ctx context.Context,
	client *cloudfleet.Client,
	t cloudfleet.Token,
	ambiguous time.Duration,
	known ...string,
) diag.Diagnostics {
	if ambiguous == 0 {
		return nil
	}
	m.Ambiguous, m.AmbiguousCreate = time.Now(), ambiguous
	diags := WarnOfLeftovers(ctx, client, t, ambiguous, known...)
	if len(diags) == 0 {
		diags.AddWarning(fmt.Sprintf("API token %q may have been created twice", t.Name), fmt.Sprintf("The first attempt to create it "+
			"got no answer, so it was sent again. The token of the last answer is %s, and there is no other now. If the "+
			"first attempt is carried out late, the next refresh finds the other token.", t.ID))
	}
	return diags
}

// CheckLeftovers looks for tokens that were created late, in the first refresh after an
// ambiguous create. t is the answer to a read.
func (m *Memory) CheckLeftovers(ctx context.Context, client *cloudfleet.Client, t cloudfleet.Token, known ...string) diag.Diagnostics {
	if m.AmbiguousCreate == 0 {
		return nil
	}
	ambiguous := m.AmbiguousCreate
	if time.Since(m.Ambiguous) > lateTime {
		m.AmbiguousCreate = 0
	}
	return WarnOfLeftovers(ctx, client, t, ambiguous, known...)
}

// parseTime returns the time in an attribute, zero if there is none.
func parseTime(attribute types.String) time.Time {
	t, _ := time.Parse(time.RFC3339, attribute.ValueString()) // zero on an error
	return t
}

// IssuedAt returns when the secret in the answer to a create or regenerate was issued: by
// the API's clock, or by this machine's if the answer has no date or that of an earlier
// change.
func IssuedAt(t cloudfleet.Token) types.String {
	if now := time.Now(); t.UpdatedAt.Before(now.Add(-maxClockSkew)) {
		return Timestamp(now)
	}
	return Timestamp(t.UpdatedAt)
}

// Known returns what is known of a token in the state, by which a read, a delete or a
// regenerate is judged.
func Known(id types.String, settings cloudfleet.TokenSettings, m Memory, issuedAt ...types.String) cloudfleet.KnownToken {
	known := cloudfleet.KnownToken{ID: id.ValueString(), Settings: settings, OrganizationID: m.OrganizationID}
	if m.Stored != (cloudfleet.TokenSettings{}) {
		known.Settings = m.Stored
	}
	for _, at := range issuedAt {
		if t := parseTime(at); t.After(known.IssuedAt) {
			known.IssuedAt = t
		}
	}
	return known
}
