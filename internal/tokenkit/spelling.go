package tokenkit

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

// RememberStored compares the settings that were sent with those in the answer. The state
// keeps what was planned. If the API stored another spelling, a warning at the attribute
// says so. A field that the answer lacks is ignored.
func (m *Memory) RememberStored(sent cloudfleet.TokenSettings, answer cloudfleet.Token) diag.Diagnostics {
	m.Sent, m.Stored = cloudfleet.TokenSettings{}, cloudfleet.TokenSettings{}
	stored := cloudfleet.TokenSettings{Name: answer.Name, Role: answer.Role}
	if stored.Name == "" {
		stored.Name = sent.Name
	}
	if stored.Role == "" {
		stored.Role = sent.Role
	}
	if stored == sent {
		return nil
	}
	m.Sent, m.Stored = sent, stored
	return m.warnOfSpelling()
}

// Unspell replaces settings that differ only by the API's spelling with what was sent,
// and warns of that.
func (m *Memory) Unspell(t *cloudfleet.Token) (diags diag.Diagnostics) {
	if m.Stored == (cloudfleet.TokenSettings{}) || t.Name != m.Stored.Name || t.Role != m.Stored.Role {
		return nil
	}
	t.Name, t.Role = m.Sent.Name, m.Sent.Role
	return m.warnOfSpelling()
}

func (m *Memory) warnOfSpelling() (diags diag.Diagnostics) {
	warn := func(attribute, sent, stored string) {
		if sent != stored {
			diags.AddAttributeWarning(path.Root(attribute), "Cloudfleet stored another "+attribute, fmt.Sprintf(
				"The %s that was sent to Cloudfleet is %+q, and the stored one %+q. The state keeps the configured one, so that "+
					"the plan is empty. To remove this warning, write the %[1]s as Cloudfleet stores it.", attribute, sent, stored))
		}
	}
	warn("name", m.Sent.Name, m.Stored.Name)
	warn("role", string(m.Sent.Role), string(m.Stored.Role))
	return diags
}

// SetDrift stores name and role as they are at Cloudfleet. A field that the answer lacks
// changes nothing.
func SetDrift(name, role *types.String, t cloudfleet.Token) {
	if t.Name != "" {
		*name = types.StringValue(t.Name)
	}
	if t.Role != "" {
		*role = types.StringValue(string(t.Role))
	}
}
