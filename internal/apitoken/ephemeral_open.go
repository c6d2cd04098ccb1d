package apitoken

import (
	"context"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// open holds what deletes each ephemeral token that this process has handed over and
// not deleted yet, by ID. It belongs to the process: Terraform makes a new
// EphemeralResource for each call, and does not say when a provider is done.
var open sync.Map

type removal func(context.Context) diag.Diagnostics

// CloseEphemeral deletes the ephemeral tokens that are still open. It is for the end
// of the process: where what uses a token fails, neither Terraform nor OpenTofu
// closes it.
func CloseEphemeral(ctx context.Context) {
	var all sync.WaitGroup
	open.Range(func(_, value any) bool {
		if remove, ok := value.(removal); ok {
			all.Go(func() { remove(ctx) })
		}
		return true
	})
	all.Wait()
}
