package apitoken

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

const (
	// expirySuffix is what the name of an ephemeral token ends with, as a layout of
	// package time. Cloudfleet's tokens do not expire: only the name tells, after a run
	// that was killed, that nobody needs the token any more.
	expirySuffix = expiryMark + "2006-01-02T15:04:05Z)"
	expiryMark   = " (ephemeral until "

	// clockSkew is how far apart the clocks of two machines may be before one of them
	// takes the other's token for left behind too early. Expiries are made and judged
	// by the clocks of the machines that Terraform runs on; Cloudfleet's own clock plays
	// no part.
	clockSkew = 5 * time.Minute

	defaultTTL = "1h"
	minTTL     = 5 * time.Minute
	maxTTL     = 24 * time.Hour
)

// ephemeralName is the name at Cloudfleet of an ephemeral token that is called name
// in the configuration.
func ephemeralName(name string, expires time.Time) string {
	return name + expires.UTC().Format(expirySuffix)
}

// leftBehind reports whether a token with the name tokenName at Cloudfleet is an
// ephemeral one that is called name in the configuration and has expired. Any other
// form of name is somebody else's: what this function says yes to is deleted.
func leftBehind(tokenName, name string, now time.Time) bool {
	suffix, ours := strings.CutPrefix(tokenName, name)
	if !ours {
		return false
	}
	expires, err := time.Parse(expirySuffix, suffix)
	// time.Parse takes more than Format writes, such as fractions of a second.
	return err == nil && tokenName == ephemeralName(name, expires) && now.After(expires.Add(clockSkew))
}

// nameOfLeftover returns what an ephemeral token is called in the configuration, if one
// with this name at Cloudfleet is left behind.
func nameOfLeftover(tokenName string, now time.Time) (name string, ok bool) {
	i := strings.LastIndex(tokenName, expiryMark)
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
		return fmt.Errorf("%w: %d of them are for when an ephemeral token expires. Shorten the name", err, len(expirySuffix))
	}
	return nil
}

func checkTTL(s string) error {
	if d, err := time.ParseDuration(s); err != nil || d < minTTL || d > maxTTL {
		return fmt.Errorf("%q is not a length of time from 5m to 24h, such as 90m", s)
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
