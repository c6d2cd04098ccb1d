package tokenkit

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tfdiag"
)

// memoryKey is the key of the Memory in a resource's private state.
const memoryKey = "memory"

// Memory is what a resource stores in its private state, beside its attributes.
type Memory struct {
	// OrganizationID is where the token was last seen. A 404 from another organization
	// does not count.
	OrganizationID string `json:"organization_id,omitempty"`
	// Imported is when the token was imported.
	Imported time.Time `json:"imported,omitzero"`
	// Sent and Stored are the settings of the last create or update and those in the
	// answer, if the API stored another spelling. That is no drift: the next update would
	// end the same.
	Sent   cloudfleet.TokenSettings `json:"sent,omitzero"`
	Stored cloudfleet.TokenSettings `json:"stored,omitzero"`
	// Ambiguous is set after a write that was sent again because its first answer was
	// lost. The first attempt may still be carried out, so the next refresh checks.
	Ambiguous time.Time `json:"ambiguous,omitzero"`
	// AmbiguousCreate is how long the create was ambiguous, zero if it was not a create.
	AmbiguousCreate time.Duration `json:"ambiguous_create,omitzero"`
	// Rejected is why the secret in the state must be issued again, if it must.
	Rejected Rejection `json:"rejected,omitempty"`
	// ReissuedVersion is the secret_version that was issued because of a rejection.
	ReissuedVersion int64 `json:"reissued_version,omitempty"`
	// SecretAgeDays is how old the secret in the state was at the last refresh. Plans use
	// it and not the clock, so that the plan within an apply decides the same.
	SecretAgeDays int64 `json:"secret_age_days,omitempty"`
}

// Rejection is how it was found that the API rejects the secret in the state.
type Rejection string

const (
	// RejectedByCheck was found by verify_secret.
	RejectedByCheck Rejection = "check"
	// RejectedAfterAmbiguous was found after an ambiguous write.
	RejectedAfterAmbiguous Rejection = "ambiguous"
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
	if len(content) > 0 && json.Unmarshal(content, &m) != nil {
		m = Memory{} // of another version; it works without
	}
	return m, diags
}

// Save stores m.
func (m Memory) Save(ctx context.Context, private PrivateWriter) diag.Diagnostics {
	content, err := json.Marshal(m)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Could not store private state", tfdiag.Sentence(err))}
	}
	return private.SetKey(ctx, memoryKey, content)
}

// SeenIn stores the organization, if it can be read with little effort.
func (m *Memory) SeenIn(ctx context.Context, client *cloudfleet.Client) {
	if id := client.SeenOrganization(ctx); id != "" {
		m.OrganizationID = id
	}
}

// Reissue reports whether to issue the secret again because the API rejects it, given
// verify_secret.
func (m Memory) Reissue(verifySecret types.Bool) bool {
	return m.Rejected == RejectedAfterAmbiguous || m.Rejected == RejectedByCheck && verifySecret.ValueBool()
}
