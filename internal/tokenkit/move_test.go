package tokenkit

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// A state that cannot be read is an error. States of other resources are ignored.
func TestMoveOfAStateThatCannotBeRead(t *testing.T) {
	move := Movers("cloudfleet_rotating_api_token", "cloudfleet_api_token", func(context.Context, resource.MoveStateRequest, *resource.MoveStateResponse) {
		t.Error("it moves what it has not read")
	}, nil, "id")[1].StateMover
	for name, test := range map[string]struct {
		typeName, provider string
		fails              bool
	}{
		"unreadable":       {"cloudfleet_api_token", "registry.terraform.io/cloudfleet/cloudfleet", true},
		"only the name":    {"cloudfleet_api_token", "cloudfleet", true},
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
