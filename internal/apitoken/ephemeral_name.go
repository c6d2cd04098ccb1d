package apitoken

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
)

const (
	// expirySuffix ends the name of an ephemeral token, as a layout of package time.
	// Cloudfleet's tokens do not expire, so the name records from when on a token that a
	// killed run left behind is not needed.
	expirySuffix = tokenkit.EphemeralMark + tokenkit.EphemeralTime

	// clockSkew is how much the clocks of two machines may differ before one of them
	// deletes the other's token too early. Expiry times are written and compared with the
	// clocks of the machines that run Terraform. Cloudfleet's clock is not involved.
	clockSkew = 5 * time.Minute

	defaultTTL = "1h"
	minTTL     = 5 * time.Minute
	maxTTL     = 24 * time.Hour
)

// ephemeralName returns the name at Cloudfleet of the ephemeral token that the
// configuration calls name.
func ephemeralName(name string, expires time.Time) string {
	return name + expires.UTC().Format(expirySuffix)
}

// leftBehind reports whether the token named tokenName at Cloudfleet is an ephemeral one
// that the configuration calls name, and has expired. Such tokens are deleted, so no
// other form of name may match.
func leftBehind(tokenName, name string, now time.Time) bool {
	suffix, ours := strings.CutPrefix(tokenName, name)
	if !ours {
		return false
	}
	expires, err := time.Parse(expirySuffix, suffix)
	// time.Parse accepts more than Format writes, such as fractions of a second.
	return err == nil && tokenName == ephemeralName(name, expires) && now.After(expires.Add(clockSkew))
}

// nameOfLeftover returns what the configuration calls an ephemeral token that was left
// behind, given its name at Cloudfleet.
func nameOfLeftover(tokenName string, now time.Time) (name string, ok bool) {
	i := strings.LastIndex(tokenName, tokenkit.EphemeralMark)
	if i < 0 {
		return "", false
	}
	return tokenName[:i], leftBehind(tokenName, tokenName[:i], now)
}

func checkEphemeralName(name string) error {
	if err := cloudfleet.CheckTokenName(name); err != nil {
		return err
	}
	if err := cloudfleet.CheckTokenName(name + expirySuffix); err != nil {
		return fmt.Errorf("%w, because the time when an ephemeral token expires takes %d of them. Shorten the name", err, len(expirySuffix))
	}
	return nil
}

func checkTTL(s string) error {
	if d, err := time.ParseDuration(s); err != nil || d < minTTL || d > maxTTL {
		return fmt.Errorf("%q is not a duration from 5m to 24h, such as 90m", s)
	}
	return nil
}

// ephemeralModel is the ephemeral cloudfleet_api_token.
type ephemeralModel struct {
	Name      types.String `tfsdk:"name"`
	Role      types.String `tfsdk:"role"`
	TTL       types.String `tfsdk:"ttl"`
	ID        types.String `tfsdk:"id"`
	Secret    types.String `tfsdk:"secret"`
	ExpiresAt types.String `tfsdk:"expires_at"`
}
