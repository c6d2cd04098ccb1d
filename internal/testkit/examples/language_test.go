package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// idiom is a phrase that is hard to understand for non-native speakers, with a plain
// replacement. Only a text with the word is searched for the pattern, which takes long.
type idiom struct {
	word, better string
	pattern      *regexp.Regexp
}

const metaphor = `(?i)\b(secret|token|password|one|that) (is|stays|was|remains) (still )?`

var idioms = []idiom{
	{"whoever", "anyone who, the person who", regexp.MustCompile(`(?i)\bwhoever\b`)},
	{"good", "valid, revoked, rejected", regexp.MustCompile(metaphor + `good\b`)},
	{"dead", "valid, revoked, rejected", regexp.MustCompile(metaphor + `dead\b`)},
	{"refused", "revoked immediately", regexp.MustCompile(`(?i)\brefused at once\b`)},
	{"kill", "Revokes a leaked secret", regexp.MustCompile(`(?i)\bkill switch\b`)},
	{"that there", "existing tokens", regexp.MustCompile(`(?i)\btokens that there are\b`)},
	{"no use", "must be set together", regexp.MustCompile(`(?i)\bof no use without\b`)},
	{"tell", "reports whether", regexp.MustCompile(`(?i)\btells? whether\b`)},
	{"let few", "restrict access to it", regexp.MustCompile(`(?i)\blet few (people )?read\b`)},
	{"comes before", "take precedence over", regexp.MustCompile(`(?i)\bcomes before its\b`)},
	{"no effect", "No effect with", regexp.MustCompile(`(?i)\bof no effect\b`)},
	{"runs this", "Run it with", regexp.MustCompile(`(?i)\b(administers|maintains|is on call) .{0,40}runs this\b`)},
}

// lineComment is the beginning of a comment's next line, in Terraform, shell and Go.
var lineComment = regexp.MustCompile(`\n\s*(#|//) `)

// Code, docs, examples, and schema descriptions (which are in the docs) have none of the
// idioms.
func TestPlainLanguage(t *testing.T) {
	t.Parallel()
	files := filesBelow(t, "docs", "examples", "internal", "templates", "tools")
	for _, file := range []string{
		"README.md", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md", "DESIGN.md", "RELEASING.md", "GNUmakefile", "main.go",
	} {
		files = append(files, filepath.Join(top, file))
	}
	for _, file := range files {
		if filepath.Base(file) == "language_test.go" {
			continue
		}
		text := strings.Join(strings.Fields(lineComment.ReplaceAllString(read(t, file), "\n")), " ")
		lower := strings.ToLower(text)
		for _, idiom := range idioms {
			if !strings.Contains(lower, idiom.word) {
				continue
			}
			if found := idiom.pattern.FindString(text); found != "" {
				t.Errorf("%s: for %q, write %q", file, found, idiom.better)
			}
		}
	}
	if len(files) < 300 {
		t.Errorf("only %d files were read", len(files))
	}
}

// othersSay are messages of other programs.
var othersSay = []string{
	"401 Unauthorized", "403 Forbidden", "429 Too Many Requests", "certificate signed by unknown authority", "basic credential not found",
}

// The messages in the guide to troubleshooting are those of the provider.
func TestTroubleshootingQuotesWhatIsSaid(t *testing.T) {
	t.Parallel()
	var code strings.Builder
	for _, file := range filesBelow(t, "internal") {
		if strings.HasSuffix(file, ".go") && !strings.HasSuffix(file, "_test.go") && !strings.Contains(filepath.ToSlash(file), "/testkit/") {
			code.WriteString(read(t, file))
		}
	}
	said := regexp.MustCompile(`"\s*\+\s*"`).ReplaceAllString(code.String(), "")
	said = regexp.MustCompile(`%[qs]|%\[\d\][qs]`).ReplaceAllString(said, "…")
	rows := regexp.MustCompile(
		"(?m)^\\| `([^`]+)`",
	).FindAllStringSubmatch(
		read(t, filepath.Join(top, "templates", "guides", "troubleshooting.md")),
		-1,
	)
	for _, row := range rows {
		for part := range strings.SplitSeq(row[1], "…") {
			part = strings.TrimSpace(part)
			if !slices.Contains(othersSay, row[1]) && !strings.Contains(strings.ToLower(said), strings.ToLower(part)) {
				t.Errorf("the provider nowhere says %q of %q", part, row[1])
			}
		}
	}
	if len(rows) < 15 {
		t.Errorf("only %d messages are explained", len(rows))
	}
}

// Each row of SECURITY.md names its tests, or says why there are none.
func TestSecurityNamesItsTests(t *testing.T) {
	t.Parallel()
	var tests strings.Builder
	for _, file := range filesBelow(t, "internal", "tools") {
		if strings.HasSuffix(file, "_test.go") {
			tests.WriteString(read(t, file))
		}
	}
	_, rows, _ := strings.Cut(read(t, filepath.Join(top, "SECURITY.md")), "## Promises and their tests")
	count := 0
	for row := range strings.SplitSeq(rows, "\n") {
		for _, match := range regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(row, -1) {
			count++
			if !strings.Contains(tests.String(), "func "+match[1]+"(") {
				t.Errorf("there is no %s", match[1])
			}
		}
	}
	_, cannot, _ := strings.Cut(rows, "## What the provider cannot promise")
	for _, row := range strings.Split(cannot, "\n- ")[1:] {
		if !strings.Contains(row, "`Test") && !strings.Contains(row, "(No test: ") {
			t.Errorf("no test is named for %q", row)
		}
	}
	if count < 40 {
		t.Errorf("only %d tests are named", count)
	}
}

var (
	markdownLink    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	markdownHeading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	notInAnchor     = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// Links between pages contain the file name, so that they also work on GitHub, and a
// heading that the page has.
func TestLinksBetweenPages(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob(filepath.Join(top, "*.md"))
	must(t, err)
	pages = append(pages, filesBelow(t, "docs")...)
	count := 0
	for _, page := range pages {
		for _, match := range markdownLink.FindAllStringSubmatch(read(t, page), -1) {
			link, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(match[1], "://") || match[1] == "#" {
				continue
			}
			count++
			target := page
			if link != "" {
				target = filepath.Join(filepath.Dir(page), link)
			}
			content, err := os.ReadFile(target)
			if err != nil && !isFolder(target) {
				t.Errorf("%s links to %s, which is no file", page, match[1])
				continue
			}
			if anchor != "" && !strings.Contains(string(content), `<a id="`+anchor+`">`) && !slices.Contains(anchors(string(content)), anchor) {
				t.Errorf("%s links to %s, which has no such heading", page, match[1])
			}
		}
	}
	if count < 80 {
		t.Errorf("only %d links were found", count)
	}
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// anchors returns the anchors of the headings of a page on GitHub and in the registry.
func anchors(page string) (all []string) {
	for _, heading := range markdownHeading.FindAllStringSubmatch(page, -1) {
		all = append(all, strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(heading[1]), ""), " ", "-"))
	}
	return all
}

var tokenBlock = regexp.MustCompile(`(?ms)^(?:resource|ephemeral) "cloudfleet_\w*api_token" .*?^\}`)

// Each page of the docs that hands out an Administrator token says what that can do.
func TestAdministratorTokensAreCalledOut(t *testing.T) {
	t.Parallel()
	count := 0
	for _, page := range filesBelow(t, "docs") {
		content := read(t, page)
		if strings.Contains(strings.Join(tokenBlock.FindAllString(content, -1), ""), `"Administrator"`) {
			count++
			if !strings.Contains(content, "\n!> ") {
				t.Errorf("%s: nothing says what the Administrator token can do", page)
			}
		}
	}
	if count < 5 {
		t.Errorf("only %d pages were found", count)
	}
}
