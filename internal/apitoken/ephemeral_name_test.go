package apitoken

import (
	"strings"
	"testing"
	"time"
)

func TestEphemeralName(t *testing.T) {
	expires := time.Date(2026, 11, 24, 11, 0, 0, 999, time.FixedZone("CET", 3600))
	if got := ephemeralName("ci", expires); got != "ci (ephemeral until 2026-11-24T10:00:00Z)" {
		t.Error(got)
	}
}

// Tokens for which leftBehind returns true are deleted.
func TestLeftBehind(t *testing.T) {
	const name = "ci"
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for tokenName, want := range map[string]bool{
		"ci (ephemeral until 2026-11-24T09:54:59Z)":  true,
		"ci (ephemeral until 2026-11-23T23:59:59Z)":  true,
		"ci (ephemeral until 0001-01-01T00:00:00Z)":  true,
		"ci (ephemeral until 2026-11-24T09:55:00Z)":  false, // within what clocks may differ by
		"ci (ephemeral until 2026-11-24T09:59:59Z)":  false,
		"ci (ephemeral until 2026-11-24T10:00:00Z)":  false,
		"ci (ephemeral until 2026-11-25T09:00:00Z)":  false,
		"ci (ephemeral until 12026-11-24T09:00:00Z)": false,

		"":   false,
		"ci": false,
		" (ephemeral until 2026-11-24T09:00:00Z)":      false,
		"c (ephemeral until 2026-11-24T09:00:00Z)":     false,
		"Ci (ephemeral until 2026-11-24T09:00:00Z)":    false,
		"ci2 (ephemeral until 2026-11-24T09:00:00Z)":   false,
		"ci  (ephemeral until 2026-11-24T09:00:00Z)":   false,
		"my ci (ephemeral until 2026-11-24T09:00:00Z)": false,
		" ci (ephemeral until 2026-11-24T09:00:00Z)":   false,
		"ci-ci (ephemeral until 2026-11-24T09:00:00Z)": false,

		"ci(ephemeral until 2026-11-24T09:00:00Z)":            false,
		"ci (Ephemeral until 2026-11-24T09:00:00Z)":           false,
		"ci (ephemeral until  2026-11-24T09:00:00Z)":          false,
		"ci (ephemeral until 2026-11-24T09:00:00Z":            false,
		"ci (ephemeral until 2026-11-24T09:00:00Z) ":          false,
		"ci (ephemeral until 2026-11-24T09:00:00Z)x":          false,
		"ci (ephemeral until 2026-11-24T09:00:00Z))":          false,
		"ci (ephemeral until 2026-11-24T09:00:00)":            false,
		"ci (ephemeral until 2026-11-24T09:00:00z)":           false,
		"ci (ephemeral until 2026-11-24t09:00:00Z)":           false,
		"ci (ephemeral until 2026-11-24 09:00:00Z)":           false,
		"ci (ephemeral until 2026-11-24T9:00:00Z)":            false,
		"ci (ephemeral until 2026-11-24T09:00Z)":              false,
		"ci (ephemeral until 2026-11-24T09:00:00.5Z)":         false,
		"ci (ephemeral until 2026-11-24T09:00:00,5Z)":         false,
		"ci (ephemeral until 2026-11-24T09:00:00+00:00)":      false,
		"ci (ephemeral until 2026-11-24T09:00:00+01:00)":      false,
		"ci (ephemeral until 2026-11-24T24:00:00Z)":           false,
		"ci (ephemeral until 2026-02-30T09:00:00Z)":           false,
		"ci (ephemeral until 2026-13-01T09:00:00Z)":           false,
		"ci (ephemeral until 2026-11-24T09:00:60Z)":           false,
		"ci (ephemeral until 26-11-24T09:00:00Z)":             false,
		"ci (ephemeral until yesterday)":                      false,
		"ci (ephemeral until )":                               false,
		"ci (ephemeral until ２０26-11-24T09:00:00Z)":           false,
		"ci\u00a0(ephemeral until 2026-11-24T09:00:00Z)":      false,
		"ci (ephemeral until\u00a02026-11-24T09:00:00Z)":      false,
		"ci (ephemeral until 2026-11-24T09:00:00Z)\n":         false,
		"ci (ephemeral until 2026-11-24T09:00:00Z) rotated":   false,
		"ci (expired) (ephemeral until 2026-11-24T09:00:00Z)": false,

		// An ephemeral token whose configured name has the form itself.
		"ci (ephemeral until 2026-11-24T09:00:00Z) (ephemeral until 2026-11-24T09:00:00Z)": false,
	} {
		if got := leftBehind(tokenName, name, now); got != want {
			t.Errorf("%q: %t", tokenName, got)
		}
	}
}

// Names that contain the form, or characters with a meaning elsewhere.
func TestLeftBehindUnderAnyName(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	names := []string{
		"x", "ci", "ci ", ".*", "2006", "Jan", "größer 東京", "ci (ephemeral until 2026-11-24T09:00:00Z)", strings.Repeat("é", 216),
		expirySuffix, "(ephemeral until 2006-01-02T15:04:05Z)", "%s",
	}
	for _, of := range names {
		for _, name := range names {
			if got := leftBehind(ephemeralName(of, now.Add(-time.Hour)), name, now); got != (of == name) {
				t.Errorf("a token of %q is left behind by %q: %t", of, name, got)
			}
		}
		if leftBehind(ephemeralName(of, now.Add(time.Hour)), of, now) {
			t.Errorf("a token of %q is left behind before it expires", of)
		}
	}
}

func TestCheckEphemeralName(t *testing.T) {
	for name, want := range map[string]string{
		"x":                      "",
		strings.Repeat("é", 216): "",
		strings.Repeat("é", 217): "takes 39 of them",
		strings.Repeat("é", 256): "at most 255 characters, this one has 256",
		"":                       "at least one character",
		" ci":                    "space at its beginning or end",
		"ci ":                    "space at its beginning or end",
		"a\nb":                   "control characters",
	} {
		err := checkEphemeralName(name)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestCheckTTL(t *testing.T) {
	for ttl, good := range map[string]bool{
		"5m": true, "1h": true, "90m": true, "1h30m": true, "24h": true, "300.5s": true,
		"": false, "1": false, "1d": false, "-1h": false, "0": false, "4m59.9s": false, "24h0.1s": false, " 1h": false, "one hour": false,
	} {
		if err := checkTTL(ttl); (err == nil) != good {
			t.Errorf("%q: %v", ttl, err)
		}
	}
}
