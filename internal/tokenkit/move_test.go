package tokenkit

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// A state that cannot be read is an error. States of other resources are ignored.
func TestMoveOfAStateThatCannotBeRead(t *testing.T) {
	move := MoveFrom("api_token", func(context.Context, resource.MoveStateRequest, *resource.MoveStateResponse) {
		t.Error("it moves what it has not read")
	}, "id")[0].StateMover
	for name, test := range map[string]struct {
		typeName, provider string
		fails              bool
	}{
		"unreadable":       {"cloudfleet_api_token", "registry.terraform.io/cloudfleet/cloudfleet", true},
		"another type":     {"cloudfleet_registry_image", "registry.terraform.io/cloudfleet/cloudfleet", false},
		"another provider": {"cloudfleet_api_token", "registry.terraform.io/other/notcloudfleet", false},
	} {
		var resp resource.MoveStateResponse
		move(t.Context(), resource.MoveStateRequest{SourceTypeName: test.typeName, SourceProviderAddress: test.provider}, &resp)
		if resp.Diagnostics.HasError() != test.fails {
			t.Errorf("%s: %v", name, resp.Diagnostics)
		}
	}
}
