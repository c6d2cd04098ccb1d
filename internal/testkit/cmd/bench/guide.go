package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// guidePath is the file for the results, from the root of the repository.
const guidePath = "internal/testkit/cmd/bench/RESULTS.md"

const (
	beginMark = "<!-- begin of what make bench wrote -->\n"
	endMark   = "<!-- end of what make bench wrote -->\n"
)

// updateGuide replaces the results of an earlier run.
func updateGuide(path string, r *report) error {
	guide, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, begun := bytes.Cut(guide, []byte(beginMark))
	_, after, ended := bytes.Cut(rest, []byte(endMark))
	if !begun || !ended {
		return fmt.Errorf("%s does not have the lines %q and %q", path, strings.TrimSpace(beginMark), strings.TrimSpace(endMark))
	}
	return os.WriteFile(path, fmt.Appendf(nil, "%s%s\n%s\n%s%s", before, beginMark, section(r), endMark, after), 0o600)
}

// section is the part of the file with the results.
func section(r *report) string {
	providers := measurementTable(r, func(m measurement) bool { return m.Subject != subjectFloor })
	return fmt.Sprintf("Measured on %s.\n\n```text\n%s```\n\n## Targets\n\n%s\n## All numbers\n\n%s\n%s",
		r.Machine, chart(bars(r)), targetTable(targets(r)).markdown(), providers.markdown(), binaryTable(r).markdown())
}

// bar is a line of the chart.
type bar struct {
	group, label string
	seconds      float64
}

// bars are those of the largest number of tokens that was applied: for each operation the
// CLI alone, and the provider under each condition.
func bars(r *report) (list []bar) {
	most := 0
	for _, m := range r.Measurements {
		if m.Operation == opApply {
			most = max(most, m.Tokens)
		}
	}
	for _, operation := range operations {
		for _, m := range r.Measurements {
			if m.Tokens != most || m.Operation != operation.name || m.Subject == subjectStorer || m.Failure != "" {
				continue
			}
			label := m.condition()
			if m.Subject == subjectFloor {
				label = "terraform_data"
			}
			list = append(list, bar{fmt.Sprintf("%s of %s", operation.name, number(float64(most))), label, m.Seconds})
		}
	}
	return list
}

const (
	// barWidth is that of the longest bar, in characters.
	barWidth = 40
	labels   = "%-18s %-15s "
)

// chart draws bars as text, which shows on GitHub, in a registry and on a terminal. A
// registry shows neither Mermaid nor images of the repository.
func chart(list []bar) string {
	longest := 0.0
	for _, b := range list {
		longest = max(longest, b.seconds)
	}
	var out strings.Builder
	group := ""
	for _, b := range list {
		shown := b.group
		if b.group == group {
			shown = ""
		} else if group != "" {
			out.WriteByte('\n')
		}
		group = b.group
		fmt.Fprintf(&out, labels+"%s %.1f s\n", shown, b.label, blocks(b.seconds/longest), b.seconds)
	}
	return out.String()
}

// blocks is a bar of this part of barWidth, to an eighth of a character.
func blocks(part float64) string {
	eighths := max(1, int(part*barWidth*8+0.5))
	bar := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		bar += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return bar
}
