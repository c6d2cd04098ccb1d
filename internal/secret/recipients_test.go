package secret_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/secret"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// A change counts if somebody else can read the secret then, or if that is not known.
func TestRecipientsChange(t *testing.T) {
	key, other := tokentest.AgeIdentity(t).Recipient().String(), tokentest.AgeIdentity(t).Recipient().String()
	to := func(keys ...string) types.Object {
		list := types.ListNull(types.StringType)
		if keys != nil {
			elements := []attr.Value{}
			for _, key := range keys {
				elements = append(elements, types.StringValue(key))
			}
			list = types.ListValueMust(types.StringType, elements)
		}
		return types.ObjectValueMust(secret.NoRecipients().AttributeTypes(t.Context()), map[string]attr.Value{
			"github_public_key": types.StringNull(), "age_recipients": list, "pgp_key": types.StringNull(),
		})
	}
	none, unknown := secret.NoRecipients(), types.ObjectUnknown(secret.NoRecipients().AttributeTypes(t.Context()))
	for name, test := range map[string]struct {
		before, after types.Object
		want          bool
	}{
		"none":          {none, none, false},
		"the same":      {to(key), to(key), false},
		"another order": {to(key, other), to(other, key), false},
		"white space":   {to(key), to(" " + key), false},
		"one more":      {to(key), to(key, other), true},
		"another":       {to(key), to(other), true},
		"first":         {none, to(key), true},
		"removed":       {to(key), none, true},
		"unknown":       {none, unknown, true},
		"from unknown":  {to(key), unknown, true},
		"invalid":       {to("age1"), to("age2"), true},
	} {
		if got := secret.RecipientsChange(t.Context(), test.before, test.after); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
