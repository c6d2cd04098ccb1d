package oci

import (
	"fmt"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// platformName returns containerd's normal form of a platform, such as linux/arm64 for
// arm64/v8 and aarch64, or an empty text if there is no machine, as in a build's
// attestation.
func platformName(p *ocispec.Platform) string {
	if p == nil || p.OS == "" || p.Architecture == "" || p.OS == "unknown" || p.Architecture == "unknown" {
		return ""
	}
	os, arch, variant := strings.ToLower(p.OS), strings.ToLower(p.Architecture), strings.ToLower(p.Variant)
	if os == "macos" {
		os = "darwin"
	}
	switch arch {
	case "i386":
		arch, variant = "386", ""
	case "x86_64", "x86-64", "amd64":
		arch = "amd64"
		if variant == "v1" {
			variant = ""
		}
	case "aarch64", "arm64":
		arch = "arm64"
		if variant == "8" || variant == "v8" {
			variant = ""
		}
	case "armhf":
		arch, variant = "arm", "v7"
	case "armel":
		arch, variant = "arm", "v6"
	case "arm":
		switch variant {
		case "", "7":
			variant = "v7"
		case "5", "6", "8":
			variant = "v" + variant
		}
	}
	name := os + "/" + arch
	if variant != "" {
		name += "/" + variant
	}
	return name
}

// CheckPlatform reports an error unless s is a platform in the form of [Image], such as
// linux/arm64.
func CheckPlatform(s string) error {
	os, rest, _ := strings.Cut(s, "/")
	arch, variant, _ := strings.Cut(rest, "/")
	name := platformName(&ocispec.Platform{OS: os, Architecture: arch, Variant: variant})
	switch {
	case name == "" || strings.Contains(variant, "/"):
		return fmt.Errorf("%q is not a platform, such as linux/amd64 or linux/arm/v7", s)
	case name != s:
		return fmt.Errorf("%q is written %q", s, name)
	}
	return nil
}

// PlatformError reports a platform that the source does not have.
type PlatformError struct {
	Platform string
	Have     []string
}

func (e PlatformError) Error() string {
	if len(e.Have) == 0 {
		return fmt.Sprintf("the source has no image for %s: it names no platforms, so that only all of it can be copied", e.Platform)
	}
	return fmt.Sprintf("the source has no image for %s; it has: %s", e.Platform, strings.Join(e.Have, ", "))
}

func missingPlatform(wanted, have []string) error {
	slices.Sort(have)
	have = slices.Compact(have)
	for _, platform := range wanted {
		if !slices.Contains(have, platform) {
			return PlatformError{platform, have}
		}
	}
	return nil
}
