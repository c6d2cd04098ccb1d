package cloudfleet_test

import (
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
)

// checkCase is a value and what its error says, nothing if there is none.
type checkCase struct {
	value string
	says  []string
}

func runChecks(t *testing.T, check func(string) error, cases map[string]checkCase) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := check(c.value)
			if len(c.says) == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantError(t, err, c.says...)
		})
	}
}

func TestCheckRole(t *testing.T) {
	both := []string{`"Administrator"`, `"User"`, "is not a role"}
	runChecks(t, cloudfleet.CheckRole, map[string]checkCase{
		"Administrator":      {value: "Administrator"},
		"User":               {value: "User"},
		"administrator":      {"administrator", []string{`"administrator" is not a role, but "Administrator" is`, "capital"}},
		"USER":               {"USER", []string{`"USER" is not a role, but "User" is`}},
		"empty":              {"", both},
		"another":            {"Owner", append(both, `"Owner"`)},
		"space at the end":   {"User ", both},
		"not quite the word": {"Admin", both},
	})
}

func TestCheckTokenName(t *testing.T) {
	runChecks(t, cloudfleet.CheckTokenName, map[string]checkCase{
		"one character":            {value: "a"},
		"space inside":             {value: "my token"},
		"other scripts":            {value: "Schlüssel 鍵"},
		"255 characters":           {value: strings.Repeat("a", 255)},
		"255 characters, 2 bytes":  {value: strings.Repeat("ü", 255)},
		"empty":                    {"", []string{"at least one character"}},
		"256 characters":           {strings.Repeat("a", 256), []string{"at most 255", "256"}},
		"line break":               {"a\nb", []string{"control character", `"a\nb"`}},
		"tab":                      {"a\tb", []string{"control character"}},
		"line break at the end":    {"a\n", []string{"control character"}},
		"NUL":                      {"a\x00b", []string{"control character"}},
		"C1 control character":     {"a\u0085b", []string{"control character"}},
		"space at the beginning":   {" a", []string{"space at its beginning", `" a"`}},
		"space at the end":         {"a ", []string{"space at its beginning"}},
		"no-break space at an end": {"a\u00a0", []string{"space at its beginning"}},
		"space only":               {" ", []string{"space at its beginning"}},
	})
}

func TestCheckTokenID(t *testing.T) {
	says := []string{"is not the ID of an API token", someID}
	runChecks(t, cloudfleet.CheckTokenID, map[string]checkCase{
		"Cloudfleet's example":  {value: someID},
		"one character":         {value: "a"},
		"64 characters":         {value: strings.Repeat("a", 64)},
		"dash and underscore":   {value: "a-b_c"},
		"empty":                 {"", says},
		"65 characters":         {strings.Repeat("a", 65), says},
		"another path":          {"../organization", append(says, `"../organization"`)},
		"dot":                   {".", says},
		"two dots":              {"..", says},
		"line break at the end": {"a\n", says},
		"slash":                 {"a/regenerate", says},
		"escaped slash":         {"a%2fb", says},
		"query":                 {"a?b", says},
		"space":                 {"a b", says},
		"other letters":         {"ä", says},
		"other digits":          {"٣", says},
	})
}

// An invalid ID must not be part of a path: DELETE /tokens/ may delete all of them.
func TestNoCallWithAnIDThatIsNone(t *testing.T) {
	t.Parallel()
	cloud := start(t)
	c := newClient(t, cloud.options)
	for _, id := range []string{"", "..", "a/b"} {
		for _, call := range calls(id) {
			switch call.name {
			case "get", "update", "regenerate", "delete":
				wantError(t, call.do(t.Context(), c), "is not the ID of an API token")
			}
		}
	}
	if requests := cloud.Requests(); len(requests) > 0 {
		t.Errorf("requests were made: %v", requests)
	}
}
