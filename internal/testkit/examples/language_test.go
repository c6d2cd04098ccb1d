package examples_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// idioms are phrases that are hard to understand for non-native speakers, with plain
// replacements.
var idioms = map[string]string{
	"whoever":                                "anyone who, the person who",
	"refused at once":                        "revoked immediately",
	"kill switch":                            "Revokes a leaked secret",
	"tokens that there are":                  "existing tokens",
	"of no use without":                      "must be set together",
	"tell whether":                           "reports whether",
	"tells whether":                          "reports whether",
	"let few read":                           "restrict access to it",
	"let few people read":                    "restrict access to it",
	"comes before its":                       "take precedence over",
	"of no effect":                           "No effect with",
	"administers the organization runs this": "Run it with",
}

func init() {
	for _, noun := range []string{"secret", "token", "password"} {
		for _, verb := range []string{"is", "stays", "was", "remains", "is still"} {
			for _, metaphor := range []string{"good", "dead"} {
				idioms[noun+" "+verb+" "+metaphor] = "valid, revoked, rejected"
			}
		}
	}
}

// lineComment is the beginning of a comment's next line, in Terraform, shell and Go.
var lineComment = regexp.MustCompile(`\n\s*(#|//) `)

// Code, docs, examples, and schema descriptions (which are in the docs) have none of the
// idioms.
func TestPlainLanguage(t *testing.T) {
	t.Parallel()
	top := filepath.Join("..", "..", "..")
	files := []string{"README.md", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md", "DESIGN.md", "RELEASING.md", "GNUmakefile", "main.go"}
	for _, dir := range []string{"docs", "examples", "internal", "templates", "tools"} {
		must(t, filepath.WalkDir(filepath.Join(top, dir), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && entry.Name() != "language_test.go" {
				path, err = filepath.Rel(top, path)
				files = append(files, path)
			}
			return err
		}))
	}
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(top, file))
		must(t, err)
		text := strings.ToLower(strings.Join(strings.Fields(lineComment.ReplaceAllString(string(content), "\n")), " "))
		for idiom, better := range idioms {
			if strings.Contains(text, idiom) {
				t.Errorf("%s: for %q, write %q", file, idiom, better)
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
	top := filepath.Join("..", "..", "..")
	var code strings.Builder
	must(t, filepath.WalkDir(filepath.Join(top, "internal"), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.Name() == "testkit":
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			code.WriteString(read(t, path))
		}
		return nil
	}))
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

var (
	markdownLink    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	markdownHeading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	notInAnchor     = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// Links between pages contain the file name, so that they also work on GitHub, and a
// heading that the page has.
func TestLinksBetweenPages(t *testing.T) {
	t.Parallel()
	top := filepath.Join("..", "..", "..")
	pages, err := filepath.Glob(filepath.Join(top, "*.md"))
	must(t, err)
	must(t, filepath.WalkDir(filepath.Join(top, "docs"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			pages = append(pages, path)
		}
		return err
	}))
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

// Each section of the docs that hands out an Administrator token says what that can do.
func TestAdministratorTokensAreCalledOut(t *testing.T) {
	t.Parallel()
	count := 0
	must(t, filepath.WalkDir(filepath.Join("..", "..", "..", "docs"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		for section := range strings.SplitSeq(read(t, path), "\n## ") {
			if strings.Contains(strings.Join(tokenBlock.FindAllString(section, -1), ""), `"Administrator"`) {
				count++
				if title, _, _ := strings.Cut(section, "\n"); !strings.Contains(section, "\n!> ") {
					t.Errorf("%s, %q: nothing says what the Administrator token can do", path, title)
				}
			}
		}
		return nil
	}))
	if count < 8 {
		t.Errorf("only %d sections were found", count)
	}
}
