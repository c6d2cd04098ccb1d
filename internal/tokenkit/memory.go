package tokenkit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

const (
	// memoryKey is the key of the Memory in a resource's private state.
	memoryKey = "memory"
	// settleTime is how long after its issue a secret is not verified: an API may accept
	// a new secret only after a while.
	settleTime = 5 * time.Minute
	// lateTime is how long a write that was sent twice may still be carried out.
	lateTime = time.Minute
	// maxClockSkew is how far the API's clock may differ from this machine's. Another date
	// in the answer to a regenerate is not that of the issue.
	maxClockSkew = 24 * time.Hour
)

// Memory is what a resource stores in its private state, beside its attributes.
type Memory struct {
	// OrganizationID is where the token was last seen. A 404 from another organization
	// does not count.
	OrganizationID string `json:"organization_id,omitempty"`
	// Stored are name and role as the API has stored them, if it spells them differently.
	// That is no drift: the next update would end the same.
	Stored cloudfleet.TokenSettings `json:"stored,omitzero"`
	// Since is when the resource was imported or its secret was taken over. The days of
	// rotate_after_days count from it as long as it is not known when the secret was issued.
	Since time.Time `json:"since,omitzero"`
	// DueDays is the largest rotate_after_days that was over at the last refresh. Plans
	// use it and not the clock, so that the plan within an apply decides the same.
	DueDays int64 `json:"due_days,omitempty"`
	// Secret is what is known against the secret in the state.
	Secret SecretState `json:"secret,omitempty"`
}

// SecretState is what is known against the secret in the state:
//
//	state       set by                              next refresh                   next plan
//	(empty)     an issue, a secret taken over,      with verify_secret, on a 401:  –
//	            an accepted check                   rejected
//	unverified  a regenerate that was sent twice    always; on a 401: revoked      –
//	rejected    a check for verify_secret           as (empty)                     issues one, with verify_secret
//	revoked     a check of an unverified secret     as (empty)                     issues one
//	reissued    an issue after rejected or revoked  as (empty), but a 401 is only  –
//	                                                told: another would not help
type SecretState string

const (
	unverified SecretState = "unverified"
	rejected   SecretState = "rejected"
	revoked    SecretState = "revoked"
	reissued   SecretState = "reissued"
)

// PrivateReader reads the framework's private state, the type of which is not exported.
type PrivateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

// PrivateWriter writes it.
type PrivateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// LoadMemory returns what is stored, which may be nothing.
func LoadMemory(ctx context.Context, private PrivateReader) (m Memory, diags diag.Diagnostics) {
	content, diags := private.GetKey(ctx, memoryKey)
	if json.Unmarshal(content, &m) != nil {
		m = Memory{} // none, or one of another version; it works without
	}
	return m, diags
}

// Save stores m.
func (m Memory) Save(ctx context.Context, private PrivateWriter) diag.Diagnostics {
	content, err := json.Marshal(m) //nolint:gosec // private state is where it belongs
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Could not store private state", tfdiag.Sentence(err))}
	}
	return private.SetKey(ctx, memoryKey, content)
}

// Known returns what is known of a token in the state, by which a 404 or a page of a list
// is judged.
func (m *Memory) Known(id types.String, s *Model) cloudfleet.KnownToken {
	settings := s.Settings()
	if m.Stored != (cloudfleet.TokenSettings{}) {
		settings = m.Stored
	}
	return cloudfleet.KnownToken{ID: id.ValueString(), Settings: settings, OrganizationID: m.OrganizationID, IssuedAt: s.since(*m)}
}

// RememberStored compares the settings that were sent with those in the answer. The state
// keeps what was planned. If the API stored another spelling, a warning at the attribute
// says so.
func (m *Memory) RememberStored(sent cloudfleet.TokenSettings, answer cloudfleet.Token) diag.Diagnostics {
	m.Stored = spelling(answer, sent)
	if m.Stored == sent {
		m.Stored = cloudfleet.TokenSettings{}
		return nil
	}
	return m.warnOfSpelling(sent)
}

// Unspell replaces name and role in the answer to a read by those of the state, if they
// differ only by the API's spelling, and warns of that.
func (m *Memory) Unspell(t *cloudfleet.Token, state cloudfleet.TokenSettings) diag.Diagnostics {
	switch m.Stored {
	case cloudfleet.TokenSettings{}:
		return nil
	case spelling(*t, m.Stored):
		t.Name, t.Role = state.Name, state.Role
		return m.warnOfSpelling(state)
	}
	m.Stored = cloudfleet.TokenSettings{} // it was changed elsewhere
	return nil
}

func (m *Memory) warnOfSpelling(sent cloudfleet.TokenSettings) (diags diag.Diagnostics) {
	warn := func(attribute, sent, stored string) {
		if sent != stored {
			diags.AddAttributeWarning(path.Root(attribute), "Cloudfleet stored another "+attribute, fmt.Sprintf(
				"The %s that was sent to Cloudfleet is %+q, and the stored one %+q. The state keeps the configured one, so that "+
					"the plan is empty. To remove this warning, write the %[1]s as Cloudfleet stores it.", attribute, sent, stored))
		}
	}
	warn("name", sent.Name, m.Stored.Name)
	warn("role", string(sent.Role), string(m.Stored.Role))
	return diags
}

// issued notes that a secret was issued.
func (m *Memory) issued(label string, twice, isEncrypted bool) (diags diag.Diagnostics) {
	m.Since, m.DueDays = time.Time{}, 0
	switch {
	case twice:
		m.Secret = unverified
		next := "The next refresh verifies it, and the plan then issues a new one."
		if isEncrypted {
			next = "It is encrypted, so that a refresh cannot verify it: if Cloudfleet rejects it, change rotation_trigger."
		}
		diags.AddWarning("The secret of API token "+label+" may have been regenerated twice",
			"The first attempt got no answer, so it was sent again. The secret in the state is the one of the last answer. "+
				"If the first attempt is carried out late, it revokes that secret. "+next)
	case m.Secret == rejected, m.Secret == revoked:
		m.Secret = reissued
	default:
		m.Secret = ""
	}
	return diags
}

// reissue reports whether to issue the secret again because the API rejects it.
func (m *Memory) reissue(verifySecret types.Bool) bool {
	return m.Secret == revoked || m.Secret == rejected && verifySecret.ValueBool()
}

// verify checks whether the API still accepts the secret in the state, if the
// configuration asks for it or a write that was sent twice requires it. It does not check
// the provider's own secret, which works. token is the answer to a read.
func (m *Memory) verify(ctx context.Context, client *cloudfleet.Client, token cloudfleet.Token, s *Model) (diags diag.Diagnostics) {
	if client.CallsAs(token.ID) || s.Secret.IsNull() {
		m.Secret = ""
		return nil
	}
	issued := parseTime(s.SecretIssuedAt)
	// A token that was changed after the issue may have been regenerated.
	settled := time.Since(issued) >= settleTime || token.UpdatedAt.Truncate(time.Second).After(issued)
	if m.Secret != unverified && (!s.VerifySecret.ValueBool() || !settled) {
		return nil
	}
	isRejected, err := client.RejectsSecret(ctx, token.ID, s.Secret.ValueString())
	label := s.Label(types.StringValue(token.ID))
	summary, status := "The secret of API token "+label+" is no longer valid", "Cloudfleet rejects the secret in the state (401)"
	switch {
	case err != nil:
		diags.AddWarning("Could not verify the secret of API token "+label,
			tfdiag.Sentence(err)+" This does not affect the plan; the next refresh checks again.")
	case !isRejected && m.Secret == unverified && time.Since(issued) < lateTime: // the first attempt may still come
	case !isRejected:
		m.Secret = ""
	case m.Secret == reissued:
		diags.AddWarning(summary, status+", although it was issued because the one before was rejected. The plan does not issue "+
			"another, which would not help. The token may be disabled: check it in the Cloudfleet Console. To issue a secret "+
			"anyway, change rotation_trigger.")
	case m.Secret == unverified && !s.VerifySecret.ValueBool():
		m.Secret = revoked
		diags.AddWarning(summary, status+". The answer to the first attempt to issue it was lost, and that attempt was carried "+
			"out later: it revoked the secret in the state. The plan issues a new one.")
	default:
		m.Secret = rejected
		diags.AddWarning(summary, status+": it was regenerated elsewhere, and clients with the one in the state are rejected. The "+
			"plan issues a new one, which also revokes the newer one. To keep the newer one, set secret_wo to it and change "+
			"secret_wo_version, or set verify_secret = false.")
	}
	return diags
}
