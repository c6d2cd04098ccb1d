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

// memoryKey is where a resource's private state has its Memory.
const memoryKey = "memory"

// Memory is what a resource remembers beside its attributes, in its private state.
type Memory struct {
	// OrganizationID is where the token was last seen. That it is missing elsewhere
	// does not count.
	OrganizationID string `json:"organization_id,omitempty"`
	// Imported is when the token was imported.
	Imported time.Time `json:"imported,omitzero"`
	// Sent and Stored are the settings of the last create or update, and what the API
	// answered where that was another spelling: no drift, for the next update would
	// end the same.
	Sent   cloudfleet.TokenSettings `json:"sent,omitzero"`
	Stored cloudfleet.TokenSettings `json:"stored,omitzero"`
	// Ambiguous is set after a write that was sent again because its first answer was
	// lost: the first attempt may still be carried out, so the next refresh looks once.
	Ambiguous time.Time `json:"ambiguous,omitzero"`
	// AmbiguousCreate is how long the create was ambiguous, if it was one.
	AmbiguousCreate time.Duration `json:"ambiguous_create,omitzero"`
	// Rejected is why the secret in the state has to be issued again, if it has.
	Rejected Rejection `json:"rejected,omitempty"`
	// ReissuedVersion is the secret_version that was issued because of a rejection.
	ReissuedVersion int64 `json:"reissued_version,omitempty"`
	// SecretAgeDays is how old the secret in the state was at the last refresh. A plan goes
	// by it and not by the clock, so that the plan within an apply decides the same.
	SecretAgeDays int64 `json:"secret_age_days,omitempty"`
}

// Rejection is how it was found out that the API rejects the secret in the state.
type Rejection string

const (
	// RejectedByCheck was found by verify_secret.
	RejectedByCheck Rejection = "check"
	// RejectedAfterAmbiguous was found after an ambiguous write.
	RejectedAfterAmbiguous Rejection = "ambiguous"
)

// PrivateReader reads the framework's private state, which has no name there.
type PrivateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

// PrivateWriter writes it.
type PrivateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// LoadMemory returns what is remembered, which may be nothing.
func LoadMemory(ctx context.Context, private PrivateReader) (m Memory, diags diag.Diagnostics) {
	content, diags := private.GetKey(ctx, memoryKey)
	if len(content) > 0 && json.Unmarshal(content, &m) != nil {
		m = Memory{} // of another version: what is remembered is never needed
	}
	return m, diags
}

// Save remembers m.
func (m Memory) Save(ctx context.Context, private PrivateWriter) diag.Diagnostics {
	content, err := json.Marshal(m)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Could not keep private state", tfdiag.Sentence(err))}
	}
	return private.SetKey(ctx, memoryKey, content)
}

// SeenIn remembers the organization, where it can be learned with little effort.
func (m *Memory) SeenIn(ctx context.Context, client *cloudfleet.Client) {
	if id := client.SeenOrganization(ctx); id != "" {
		m.OrganizationID = id
	}
}

// Reissue reports whether the secret has to be issued again because the API rejects
// it, where the resource has this verify_secret.
func (m Memory) Reissue(verifySecret types.Bool) bool {
	return m.Rejected == RejectedAfterAmbiguous || m.Rejected == RejectedByCheck && verifySecret.ValueBool()
}
