// Package sealing encrypts a secret so that only its recipients can read it, and decrypts
// it for one of them. Its errors never repeat their input: that may be a private key that
// was pasted by mistake.
package sealing

import (
	"errors"
	"fmt"
	"regexp"
)

// Recipients can read what Seal returns.
type Recipients struct {
	canonical string
	seal      func(plaintext string) (string, error)
}

// Canonical returns a text that is the same for the same recipients. It does not depend
// on order, comments, white space, or when a PGP key expires.
func (r *Recipients) Canonical() string { return r.canonical }

// Seal encrypts plaintext, to a different ciphertext each time. Parsed recipients cannot
// fail, except with an *ExpiredError.
func (r *Recipients) Seal(plaintext string) (string, error) { return r.seal(plaintext) }

// newRecipients encrypts once as a test: some keys fail only when they are used, and that
// must not happen to a secret that has just been issued.
func newRecipients(canonical string, seal func(string) (string, error)) (*Recipients, error) {
	_, err := seal("")
	if _, expired := errors.AsType[*ExpiredError](err); err != nil && !expired {
		return nil, err
	}
	return &Recipients{canonical, seal}, nil
}

// PrivateKeyError reports a private key in place of a public one.
type PrivateKeyError struct {
	kind, instead string
}

func (e *PrivateKeyError) Error() string {
	return fmt.Sprintf("this is a private key (%s), but a public one is needed: %s. Anyone who can read this configuration can read the "+
		"private key, so replace that by a new one", e.kind, e.instead)
}

var (
	ageIdentityPattern = regexp.MustCompile(`(?i)AGE-SECRET-KEY-`)
	pgpPrivatePattern  = regexp.MustCompile(`(?i)BEGIN PGP PRIVATE KEY`)
	pemPrivatePattern  = regexp.MustCompile(`(?i)BEGIN [A-Z0-9 ]*PRIVATE KEY`)
)

// refusePrivateKey returns a *PrivateKeyError if text contains a private key, complete or
// not.
func refusePrivateKey(text string) error {
	switch {
	case ageIdentityPattern.MatchString(text):
		return &PrivateKeyError{"an age identity", "`age-keygen -y FILE` prints it"}
	case pgpPrivatePattern.MatchString(text):
		return errPGPPrivateKey
	case pemPrivatePattern.MatchString(text):
		return &PrivateKeyError{"of SSH, or another one in PEM", "`ssh-keygen -y -f FILE` prints it"}
	}
	return nil
}
