package providerdata

import (
	"context"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// Ephemeral has the functions that delete the open ephemeral tokens, by ID. If something
// that uses a token fails, neither Terraform nor OpenTofu closes the token, so it is
// deleted when the process ends.
type Ephemeral struct{ open sync.Map }

type deletion func(context.Context) diag.Diagnostics

// Add notes an open token and the function that deletes it.
func (e *Ephemeral) Add(id string, deletes func(context.Context) diag.Diagnostics) {
	e.open.Store(id, deletion(deletes))
}

// Remove notes that a token is deleted.
func (e *Ephemeral) Remove(id string) { e.open.Delete(id) }

// Close deletes all open tokens, and returns what could not be deleted.
func (e *Ephemeral) Close(ctx context.Context) (diags diag.Diagnostics) {
	var all sync.WaitGroup
	var mu sync.Mutex
	e.open.Range(func(_, value any) bool {
		if deletes, ok := value.(deletion); ok {
			all.Go(func() {
				failed := deletes(ctx)
				mu.Lock()
				defer mu.Unlock()
				diags.Append(failed...)
			})
		}
		return true
	})
	all.Wait()
	return diags
}
