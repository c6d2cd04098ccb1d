// Package cfcr is Cloudfleet's container registry (CFCR) as plain text: regions, host
// names, image references and Docker's configuration.
package cfcr

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// DefaultDomain is what follows the region in the host name of a registry.
const DefaultDomain = "registry.cloudfleet.dev"

// DefaultRegion is the region that is meant when none is named.
const DefaultRegion = "europe"

var regions = []string{DefaultRegion, "northamerica", "apac"}

// Regions returns the regions in which every organization has a registry.
func Regions() []string { return slices.Clone(regions) }

// CheckRegion reports an error that lists the regions if region is none of them.
func CheckRegion(region string) error {
	if slices.Contains(regions, region) {
		return nil
	}
	return fmt.Errorf("%q is not a region of the Cloudfleet registry. Use one of: %s", region, strings.Join(regions, ", "))
}

// domain is long, and compiled only when it is needed.
var domain = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?i:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.(?i:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?))*(:[0-9]{1,5})?$`)
})

// CheckDomain reports an error unless s is a host name, with a port or without.
func CheckDomain(s string) error {
	if domain().MatchString(s) {
		return nil
	}
	return fmt.Errorf("%q is not a domain, such as %s", s, DefaultDomain)
}

// Hostname is where the registry of an organization in a region is. It is in
// lower case, as image references require.
func Hostname(organizationID, region, domain string) string {
	return strings.ToLower(organizationID + "." + region + "." + domain)
}
