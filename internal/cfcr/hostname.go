// Package cfcr handles the names of Cloudfleet's container registry (CFCR): regions, host
// names, image references and Docker's configuration.
package cfcr

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// DefaultDomain is the part of a registry's host name after the region.
const DefaultDomain = "registry.cloudfleet.dev"

// DefaultRegion is used if no region is given.
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

// domain is a long expression, and compiled when it is first needed.
var domain = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?i:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.(?i:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?))*(:[0-9]{1,5})?$`)
})

// CheckDomain reports an error unless s is a host name, with or without a port.
func CheckDomain(s string) error {
	if domain().MatchString(s) {
		return nil
	}
	return fmt.Errorf("%q is not a domain, such as %s", s, DefaultDomain)
}

// Hostname returns the host name of an organization's registry in a region, in lower
// case, as image references require.
func Hostname(organizationID, region, domain string) string {
	return strings.ToLower(organizationID + "." + region + "." + domain)
}
