package oci

import (
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func TestPlatformName(t *testing.T) {
	for _, test := range []struct {
		os, architecture, variant, want string
	}{
		{"linux", "amd64", "", "linux/amd64"},
		{"linux", "amd64", "v1", "linux/amd64"},
		{"linux", "amd64", "v3", "linux/amd64/v3"},
		{"linux", "x86_64", "", "linux/amd64"},
		{"linux", "arm64", "v8", "linux/arm64"},
		{"linux", "aarch64", "", "linux/arm64"},
		{"linux", "arm64", "v9", "linux/arm64/v9"},
		{"linux", "arm", "", "linux/arm/v7"},
		{"linux", "arm", "7", "linux/arm/v7"},
		{"linux", "arm", "v6", "linux/arm/v6"},
		{"linux", "armhf", "", "linux/arm/v7"},
		{"linux", "armel", "", "linux/arm/v6"},
		{"linux", "i386", "", "linux/386"},
		{"Linux", "AMD64", "", "linux/amd64"},
		{"macos", "arm64", "", "darwin/arm64"},
		{"linux", "", "", ""},
		{"", "amd64", "", ""},
		{"unknown", "unknown", "", ""},
	} {
		if got := platformName(&ocispec.Platform{OS: test.os, Architecture: test.architecture, Variant: test.variant}); got != test.want {
			t.Errorf("%v: got %q", test, got)
		}
	}
}
