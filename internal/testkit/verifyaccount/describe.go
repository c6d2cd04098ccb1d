package verifyaccount

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	uuid    = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	base58  = regexp.MustCompile(`^[1-9A-HJ-NP-Za-km-z]{22}$`)
	secrets = regexp.MustCompile(`^cf_secret_[0-9A-Za-z]{32}$`)
	// plainName matches names of fields and headers that may be shown.
	plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,39}$`)
)

// describe describes the type of a JSON value, never its content, which may be a secret.
func describe(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case string:
		switch {
		case uuid.MatchString(v):
			return "a UUID"
		case base58.MatchString(v):
			return "22 characters of base 58"
		case isTime(v):
			return "a time, RFC 3339"
		case v == "":
			return "an empty string"
		}
		return fmt.Sprintf("a string of %d bytes", len(v))
	case []any:
		return "an array"
	case map[string]any:
		return "an object with " + names(slices.Collect(maps.Keys(v)))
	}
	return "nothing"
}

func isTime(s string) bool {
	_, err := time.Parse(time.RFC3339, s)
	return err == nil
}

// names lists names of fields or headers, without unusual ones.
func names(all []string) string {
	var shown []string
	others := 0
	for _, name := range slices.Sorted(slices.Values(all)) {
		if plainName.MatchString(name) && !strings.HasPrefix(name, "cf_secret") && len(shown) < 12 {
			shown = append(shown, name)
		} else {
			others++
		}
	}
	if others > 0 {
		shown = append(shown, fmt.Sprintf("%d others", others))
	}
	if len(shown) == 0 {
		return "no fields"
	}
	return strings.Join(shown, ", ")
}

// field returns a field of an object, nil if there is none.
func field(object any, name string) any {
	fields, _ := object.(map[string]any)
	return fields[name]
}

func text(object any, name string) string {
	s, _ := field(object, name).(string)
	return s
}
