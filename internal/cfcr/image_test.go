package cfcr

import (
	"strings"
	"testing"
)

const host = "12345678-6651-4e5d-9c04-079f6532989b.europe.registry.cloudfleet.dev"

var (
	sha256Digest = "sha256:" + strings.Repeat("0123456789abcdef", 4)
	sha384Digest = "sha384:" + strings.Repeat("0123456789abcdef", 6)
	sha512Digest = "sha512:" + strings.Repeat("0123456789abcdef", 8)
)

func TestCheckHostname(t *testing.T) {
	for hostname, good := range map[string]bool{
		host: true, "localhost": true, "localhost:5000": true, "registry:5000": true, "127.0.0.1": true, "[::1]:5000": true, "Registry.Example": true,
		"": false, "registry": false, "LOCALHOST": false, "https://registry.test": false, "registry.test/": false, "registry.test/shop": false,
		"a..b": false, "a_b.dev": false, "-a.dev": false, "a.dev:": false, "a.dev:port": false, "a dev": false, "a.dev\n": false, "[::1": false, "::1]:5000": false,
	} {
		if err := CheckHostname(hostname); (err == nil) != good {
			t.Errorf("%q: %v", hostname, err)
		}
	}
}

func TestCheckRepository(t *testing.T) {
	for repository, good := range map[string]bool{
		"checkout": true, "shop/checkout": true, "a/b/c/d": true, "a.b_c__d---e/0": true, strings.Repeat("a", 255): true,
		"": false, "Shop": false, "/shop": false, "shop/": false, "shop//checkout": false, "shop:v1": false, "shop@" + sha256Digest: false,
		"a..b": false, "a___b": false, "-a": false, "a-": false, "é": false, "a b": false, "a\n": false, strings.Repeat("a", 256): false,
		":5000/a": false, "registry:5000/a": false, "Shop/a": false, ".test/a": false,
	} {
		if err := CheckRepository(repository); (err == nil) != good {
			t.Errorf("%q: %v", repository, err)
		}
	}
}

func TestCheckReference(t *testing.T) {
	for reference, good := range map[string]bool{
		"latest": true, "v1.4.2": true, "_": true, "V1-a": true, strings.Repeat("a", 128): true, "sha256-abc.sig": true,
		sha256Digest: true, sha384Digest: true, sha512Digest: true,
		"": false, ".a": false, "-a": false, "a b": false, "a/b": false, "é": false, "a\n": false, strings.Repeat("a", 129): false,
		"v1@" + sha256Digest: true, ":v1": false, "@" + sha256Digest: false, "v1@": false, "v1@v2": false, "v1@" + sha256Digest + "@v2": false, "1.2.3+build.5": false,
		"sha256:": false, "sha256:abc": false, strings.ToUpper(sha256Digest): false, "sha256:" + strings.Repeat("A", 64): false,
		sha256Digest + "0": false, sha256Digest[:len(sha256Digest)-1]: false, "md5:" + strings.Repeat("0", 32): false,
	} {
		if err := CheckReference(reference); (err == nil) != good {
			t.Errorf("%q: %v", reference, err)
		}
	}
}

// The version of a chart may have a plus sign, but a tag may not.
func TestCheckReferenceNamesHelmsTag(t *testing.T) {
	if err := CheckReference("1.2.3+build.5"); err == nil || !strings.Contains(err.Error(), "1.2.3_build.5") {
		t.Errorf("got %v", err)
	}
}

func TestParseImageRef(t *testing.T) {
	for s, want := range map[string]Image{
		host + "/shop/checkout:v1.4.2":                        {host, "shop/checkout", "v1.4.2", ""},
		host + "/checkout@" + sha256Digest:                    {host, "checkout", "", sha256Digest},
		host + "/checkout:v1@" + sha512Digest:                 {host, "checkout", "v1", sha512Digest},
		host + "/checkout":                                    {host, "checkout", "", ""},
		"localhost/a/b:t":                                     {"localhost", "a/b", "t", ""},
		"registry:5000/a":                                     {"registry:5000", "a", "", ""},
		"[::1]:5000/a:t":                                      {"[::1]:5000", "a", "t", ""},
		"Registry.Example/a":                                  {"Registry.Example", "a", "", ""},
		"docker.io/ubuntu":                                    {"docker.io", "ubuntu", "", ""},
		"localhost:5000/" + strings.Repeat("a", 255) + ":tag": {"localhost:5000", strings.Repeat("a", 255), "tag", ""},
	} {
		if got, err := ParseImageRef(s); err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", s, got, err, want)
		}
	}
	for s, want := range map[string]string{
		"ubuntu":                                "has no host name",
		"ubuntu:24.04":                          "has no host name",
		"shop/checkout:v1":                      "has no host name",
		"a.b":                                   "has no host name",
		"localhost:5000":                        "has no host name",
		"ubuntu@" + sha256Digest:                "has no host name",
		"a_b.dev/checkout":                      "is not the host name of a registry",
		"":                                      "has no host name",
		sha256Digest:                            "has no host name",
		"https://" + host + "/checkout":         "is not an image reference",
		host + "/":                              "has no host name",
		host + "/checkout:":                     "is not an image reference",
		host + "/Checkout":                      "lower-case letters",
		host + "/checkout@sha256:abc":           "is not an image reference",
		host + "/checkout@" + sha384Digest[:71]: "is not a digest",
		host + "/checkout@md5:" + strings.Repeat("0", 32): "is not a digest",
		host + "/" + strings.Repeat("a", 256):             "up to 255 characters",
		host + "/checkout\n":                              "is not an image reference",
		"\xff":                                            "has no host name",
		host + "/checkout@":                               "is not a digest",
		"[::1/a":                                          "is not the host name of a registry",
		"[127.0.0.1]/a":                                   "is not the host name of a registry",
		"[fe80::1%eth0]/a":                                "is not the host name of a registry",
	} {
		if got, err := ParseImageRef(s); err == nil || !strings.Contains(err.Error(), want) || got != (Image{}) {
			t.Errorf("%q: got %+v, error %v, want %q", s, got, err, want)
		}
	}
}

// ParseImageRef is the inverse of ImageRef.
func FuzzParseImageRef(f *testing.F) {
	f.Add(host, "shop/checkout", "v1.4.2")
	f.Add("localhost:5000", "a", sha256Digest)
	f.Add("[::1]", "a__b", "v1@"+sha512Digest)
	f.Add("docker.io", "library/ubuntu", "")
	f.Add("shop", "checkout", "latest")
	f.Add("Registry.Example:5000", "a", "v1")
	f.Add("registry.test", "Shop", "v1")
	f.Add("", "/", ":")
	f.Fuzz(func(t *testing.T, hostname, repository, tagOrDigest string) {
		whole := hostname + "/" + repository + withSeparator(tagOrDigest)
		built, err := ImageRef(hostname, repository, tagOrDigest)
		parsed, parseErr := ParseImageRef(whole)
		if err == nil {
			if built != whole {
				t.Errorf("%q, %q and %q became %q", hostname, repository, tagOrDigest, built)
			}
			if parsed.Hostname != hostname || parsed.Repository != repository || strings.Trim(parsed.Tag+"@"+parsed.Digest, "@") != tagOrDigest ||
				parseErr != nil {
				t.Errorf("%q became %+v, %v", built, parsed, parseErr)
			}
		}
		if parseErr == nil {
			back := parsed.Hostname + "/" + parsed.Repository
			for _, s := range []string{parsed.Tag, parsed.Digest} {
				if s == "" {
					continue
				}
				back += withSeparator(s)
				if _, err := ImageRef(parsed.Hostname, parsed.Repository, s); err != nil {
					t.Errorf("%q: of its parts nothing can be built: %s", whole, err)
				}
			}
			if back != whole {
				t.Errorf("%q became %+v", whole, parsed)
			}
		}
	})
}
