package verifyaccount

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/contract"
)

// contractLine returns where the contract has the line that begins with this text, "" if
// nowhere.
func contractLine(begins string) string {
	line := contract.Line(begins)
	if begins == "" || line == 0 {
		return ""
	}
	return fmt.Sprintf("internal/testkit/contract/openapi.yaml:%d", line)
}

func countOf(n int) string {
	if n == 1 {
		return "one token"
	}
	return fmt.Sprintf("%d tokens", n)
}

// Count returns how many results have this verdict.
func Count(results []Result, v Verdict) (n int) {
	for _, r := range results {
		if r.Verdict == v {
			n++
		}
	}
	return n
}

func summary(results []Result) string {
	return fmt.Sprintf("%d hold, %d differ, %d not seen", Count(results, Holds), Count(results, Differs), Count(results, NotSeen))
}

// WriteTable writes the results for a terminal.
func WriteTable(w io.Writer, results []Result) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range results {
		fmt.Fprintf(table, "%s\t%s\t%s\n", r.Verdict, r.Name, r.Seen)
		if r.Verdict == Differs {
			fmt.Fprintf(table, "\t\t  expected: %s\n", r.Expects)
			if where := where(r); where != "" {
				fmt.Fprintf(table, "\t\t  see %s\n", where)
			}
		}
	}
	fmt.Fprintf(table, "\n%s\n", summary(results))
	return table.Flush()
}

func where(r Result) string {
	var all []string
	for _, place := range []string{r.Contract, r.Change} {
		if place != "" {
			all = append(all, place)
		}
	}
	return strings.Join(all, "; ")
}

// WriteMarkdown writes the results for an issue.
func WriteMarkdown(w io.Writer, results []Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s.\n\n| | assumption | expected | seen | where |\n|---|---|---|---|---|\n", summary(results))
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.Verdict, r.Name, r.Expects, r.Seen, where(r))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteJSON writes the results for a program.
func WriteJSON(w io.Writer, results []Result) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(results)
}
