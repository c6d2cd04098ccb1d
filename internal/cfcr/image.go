package cfcr

import (
	_ "crypto/sha256" // so that its digests are known
	_ "crypto/sha512" // so that its digests, and those of SHA-384, are known
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"oras.land/oras-go/v2/registry"
)

// Examples for descriptions and messages.
const (
	ExampleHostname = "12345678-6651-4e5d-9c04-079f6532989b.europe." + DefaultDomain
	ExampleImage    = ExampleHostname + "/shop/checkout:v1.4.2"
)

// Image has the parts of an image reference.
type Image struct {
	Hostname   string
	Repository string
	Tag        string // empty if there is none
	Digest     string // empty if there is none
}

// ImageRef returns the reference of an image by its tag, its digest, or TAG@DIGEST.
func ImageRef(hostname, repository, tagOrDigest string) (string, error) {
	if err := errors.Join(CheckHostname(hostname), CheckRepository(repository), CheckReference(tagOrDigest)); err != nil {
		return "", err
	}
	return hostname + "/" + repository + withSeparator(tagOrDigest), nil
}

// ParseImageRef parses an image reference. A reference without a host name is an error:
// its meaning depends on where Docker runs.
func ParseImageRef(s string) (Image, error) {
	hostname, rest, _ := strings.Cut(s, "/")
	if rest == "" || !isHostname(hostname) {
		return Image{}, fmt.Errorf(
			"%q has no host name. An image reference begins with a host name that has a dot or a port or is localhost, such "+
				"as %s",
			s,
			ExampleImage,
		)
	}
	name, digest, hasDigest := strings.Cut(rest, "@")
	repository, tag, hasTag := strings.Cut(name, ":")
	err := errors.Join(CheckHostname(hostname), CheckRepository(repository))
	if hasTag {
		err = errors.Join(err, CheckTag(tag))
	}
	if hasDigest {
		err = errors.Join(err, CheckDigest(digest))
	}
	if err != nil {
		return Image{}, fmt.Errorf("%q is not an image reference, such as %s: %w", s, ExampleImage, err)
	}
	return Image{hostname, repository, tag, digest}, nil
}

// isHostname reports whether s is a host name and not the first part of a repository's
// name, by Docker's rule. The grammar does not decide that.
func isHostname(s string) bool {
	return s == "localhost" || strings.ContainsAny(s, ".:")
}

// CheckHostname reports an error unless s is the host name of a registry, with or without
// a port: one with a dot or a port, localhost, or an IPv6 address in brackets.
func CheckHostname(s string) error {
	address, opened := strings.CutPrefix(s, "[")
	address, port, closed := strings.Cut(address, "]")
	ip, err := netip.ParseAddr(address)
	isIPv6 := opened && closed && err == nil && ip.Is6() && ip.Zone() == "" && domain().MatchString("localhost"+port)
	if isIPv6 || isHostname(s) && domain().MatchString(s) {
		return nil
	}
	return fmt.Errorf("%q is not the host name of a registry, such as %s or localhost:5000: without https://, without a path, "+
		"and with a dot or a port", s, ExampleHostname)
}

// CheckRepository reports an error unless s is the name of a repository, of at most 255
// characters.
func CheckRepository(s string) error {
	if err := (registry.Reference{Repository: s}).ValidateRepository(); err == nil && len(s) <= 255 {
		return nil
	}
	return fmt.Errorf("%q is not the name of a repository, such as shop/checkout: up to 255 characters, in parts with a / between "+
		"them. A part has lower-case letters and digits, separated by a dot, one or two underscores, or dashes", s)
}

// CheckReference reports an error unless s is a tag, a digest, or TAG@DIGEST.
func CheckReference(s string) error {
	tag, digest, both := strings.Cut(s, "@")
	if CheckTag(s) == nil || CheckDigest(s) == nil || both && CheckTag(tag) == nil && CheckDigest(digest) == nil {
		return nil
	}
	if strings.Contains(s, "+") && CheckTag(strings.ReplaceAll(s, "+", "_")) == nil {
		return fmt.Errorf(
			"%q is not a tag, which has no plus sign. Helm pushes a chart of the version %[1]q under the tag %q",
			s,
			strings.ReplaceAll(s, "+", "_"),
		)
	}
	return fmt.Errorf("%q is neither a tag nor a digest. A tag, such as v1.4.2, has up to 128 letters, digits, underscores, dots and "+
		"dashes, and does not begin with a dot or dash. A digest is sha256: and 64 hexadecimal digits in lower case, or "+
		"one of SHA-384 or SHA-512", s)
}

// CheckDigest reports an error unless s is a digest of SHA-256, SHA-384 or SHA-512.
func CheckDigest(s string) error {
	if (registry.Reference{Reference: s}).ValidateReferenceAsDigest() == nil {
		return nil
	}
	return fmt.Errorf("%q is not a digest: sha256: and 64 hexadecimal digits in lower case, or one of SHA-384 or SHA-512", s)
}

// CheckTag reports an error unless s is a tag, of at most 128 characters.
func CheckTag(s string) error {
	if (registry.Reference{Reference: s}).ValidateReferenceAsTag() == nil {
		return nil
	}
	return fmt.Errorf("%q is not a tag, such as v1.4.2: up to 128 letters, digits, underscores, dots and dashes, with no dot or dash "+
		"at the beginning", s)
}

// withSeparator prefixes a tag with ":" and a digest with "@". Only digests contain a
// colon. TAG@DIGEST begins with the tag.
func withSeparator(tagOrDigest string) string {
	if strings.Contains(tagOrDigest, ":") && !strings.Contains(tagOrDigest, "@") {
		return "@" + tagOrDigest
	}
	return ":" + tagOrDigest
}
