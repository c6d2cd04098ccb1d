package providerdata

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// A call that needs values of the provider block that are not known yet is deferred to a
// later run, if the CLI allows it. Its result is unknown: null would be taken for a value.

// DeferData defers the read of a data source, if defers is true, and returns defers.
func DeferData(ctx context.Context, resp *datasource.ReadResponse, defers bool) bool {
	if defers {
		resp.Deferred = &datasource.Deferred{Reason: datasource.DeferredReasonProviderConfigUnknown}
		resp.State.Raw = tftypes.NewValue(resp.State.Schema.Type().TerraformType(ctx), tftypes.UnknownValue)
	}
	return defers
}

// DeferOpen is DeferData for an ephemeral resource.
func DeferOpen(ctx context.Context, resp *ephemeral.OpenResponse, defers bool) bool {
	if defers {
		resp.Deferred = &ephemeral.Deferred{Reason: ephemeral.DeferredReasonProviderConfigUnknown}
		resp.Result.Raw = tftypes.NewValue(resp.Result.Schema.Type().TerraformType(ctx), tftypes.UnknownValue)
	}
	return defers
}

// Deferred is why a resource's call is deferred, nil if defers is false.
func Deferred(defers bool) *resource.Deferred {
	if !defers {
		return nil
	}
	return &resource.Deferred{Reason: resource.DeferredReasonProviderConfigUnknown}
}
