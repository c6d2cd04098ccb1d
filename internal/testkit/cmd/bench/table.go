package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// table is a head and rows of as many cells.
type table struct {
	head []string
	rows [][]string
}

// measurementTable shows the measurements for which keep returns true.
func measurementTable(r *report, keep func(measurement) bool) table {
	t := table{
		head: []string{
			"what",
			"tokens",
			"condition",
			"operation",
			"seconds",
			"÷ floor",
			"÷ storer",
			"calls",
			"refused",
			"connections",
			"peak MiB",
		},
	}
	for _, m := range r.Measurements {
		if !keep(m) {
			continue
		}
		calls := callsByKind(m.Calls)
		if m.Failure != "" {
			calls = strings.TrimSpace(calls + " FAILED: " + m.Failure)
		}
		t.rows = append(t.rows, []string{
			m.Subject, number(float64(m.Tokens)), m.condition(), m.Operation, fmt.Sprintf("%.2f", m.Seconds),
			r.ratio(m, subjectFloor), r.ratio(m, subjectStorer), calls, orDash(m.Refused), orDash(m.Connections), orDash(int(m.PeakMemory >> 20)),
		})
	}
	return t
}

func binaryTable(r *report) table {
	t := table{head: []string{"what", "binary MiB", "start-up ms"}}
	for _, b := range r.Binaries {
		t.rows = append(t.rows, []string{b.Subject, fmt.Sprintf("%.1f", float64(b.Size)/(1<<20)), fmt.Sprintf("%.1f", 1000*b.StartUp.Seconds())})
	}
	return t
}

func targetTable(list []target) table {
	t := table{head: []string{"target", "wanted", "measured", "storer's", "verdict"}}
	for _, target := range list {
		t.rows = append(t.rows, target.cells())
	}
	return t
}

// ratio is the time divided by that of a subject without API calls.
func (r *report) ratio(m measurement, subject string) string {
	seconds, ok := r.secondsOf(subject, m.key)
	if !ok || m.Failure != "" {
		return "–"
	}
	return fmt.Sprintf("%.2f", m.Seconds/seconds)
}

// condition describes the condition of the API calls.
func (k key) condition() string {
	switch {
	case k.Subject == subjectStorer && k.RateLimit > 0:
		return fmt.Sprintf("%d writes/s", k.RateLimit)
	case k.Subject == subjectStorer && k.Latency > 0:
		return fmt.Sprintf("%d ms/write", k.Latency/time.Millisecond)
	case k.Subject != subjectProvider:
		return "no calls"
	case k.RateLimit > 0:
		return fmt.Sprintf("%d calls/s", k.RateLimit)
	default:
		return fmt.Sprintf("%d ms", k.Latency/time.Millisecond)
	}
}

func callsByKind(calls map[string]int) string {
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(calls)) {
		parts = append(parts, fmt.Sprintf("%s %s", number(float64(calls[kind])), kind))
	}
	return strings.Join(parts, ", ")
}

func orDash(n int) string {
	if n == 0 {
		return "–"
	}
	return number(float64(n))
}

// number writes a number with at most two decimals, and commas between thousands.
func number(f float64) string {
	text := strconv.FormatFloat(f, 'f', 2, 64)
	text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	whole, decimals, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if decimals == "" {
		return whole
	}
	return whole + "." + decimals
}

// text writes the table for a terminal.
func (t table) text(w io.Writer) error {
	aligned := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{t.head}, t.rows...) {
		fmt.Fprintln(aligned, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	return aligned.Flush()
}

// markdown returns the table for a document.
func (t table) markdown() string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(t.head)
	line(slices.Repeat([]string{"---"}, len(t.head)))
	for _, row := range t.rows {
		line(row)
	}
	return b.String()
}
