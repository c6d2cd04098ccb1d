// Package sealing encrypts a secret so that only its recipients can read it, and
// gives it back to one of them. No error of it repeats what it was given: that may
// be a private key which was pasted by mistake.
package sealing

import (
	"errors"
	"fmt"
	"regexp"
)

// Recipients are those who can read what Seal returns.
type Recipients struct {
	canonical string
	seal      func(plaintext string) (string, error)
}

// Canonical is a text that is the same for the same recipients, however their keys
// were written down: no order, comment or white space counts in it, nor when a PGP
// key expires.
func (r *Recipients) Canonical() string { return r.canonical }

// Seal encrypts plaintext, each time to another ciphertext. What could be parsed
// can be sealed to, until it expires: then the error is an *ExpiredError.
func (r *Recipients) Seal(plaintext string) (string, error) { return r.seal(plaintext) }

// newRecipients seals once, for nothing, because some keys look good until they are
// used, and a secret that was issued already must not be the first to find out.
func newRecipients(canonical string, seal func(string) (string, error)) (*Recipients, error) {
	_, err := seal("")
	if _, expired := errors.AsType[*ExpiredError](err); err != nil && !expired {
		return nil, err
	}
	return &Recipients{canonical, seal}, nil
}

// PrivateKeyError is about a private key where a public one belongs.
type PrivateKeyError struct {
	kind, instead string
}

func (e *PrivateKeyError) Error() string {
	return fmt.Sprintf("this is a private key (%s), and what belongs here is the public one: %s. Anyone who can read this configuration "+
		"can read the private key, so replace it by a new one", e.kind, e.instead)
}

var (
	ageIdentityPattern = regexp.MustCompile(`(?i)AGE-SECRET-KEY-`)
	pgpPrivatePattern  = regexp.MustCompile(`(?i)BEGIN PGP PRIVATE KEY`)
	pemPrivatePattern  = regexp.MustCompile(`(?i)BEGIN [A-Z0-9 ]*PRIVATE KEY`)
)

// refusePrivateKey returns a *PrivateKeyError if there is a private key anywhere
// in text, whole or not.
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
