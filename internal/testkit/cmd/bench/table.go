package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// table shows measurements, in Markdown.
func table(all []measurement) string {
	var b strings.Builder
	row := func(cells ...string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	head := []string{
		"what", "tokens", "condition", "operation", "seconds", "CPU seconds", "÷ floor", "÷ storer",
		"calls", "refused", "connections", "peak MiB",
	}
	row(head...)
	row(slices.Repeat([]string{"---"}, len(head))...)
	for _, m := range all {
		calls := make([]string, 0, len(m.calls))
		for _, kind := range slices.Sorted(maps.Keys(m.calls)) {
			calls = append(calls, fmt.Sprintf("%d %s", m.calls[kind], kind))
		}
		row(
			m.subject,
			strconv.Itoa(m.tokens),
			m.condition(),
			m.operation,
			seconds(m.wall),
			seconds(m.cpu),
			ratio(all, m, floor),
			ratio(all, m, storer),
			strings.Join(calls, ", "),
			orDash(m.refused),
			orDash(m.connections),
			orDash(int(m.peak>>20)),
		)
	}
	return b.String()
}

// ratio is the time divided by that of another subject, which calls nothing.
func ratio(all []measurement, m measurement, subject string) string {
	i := slices.IndexFunc(all, func(other measurement) bool {
		return other.subject == subject && other.tokens == m.tokens && other.operation == m.operation
	})
	return fmt.Sprintf("%.2f", m.wall.Seconds()/all[i].wall.Seconds())
}

// condition describes the API.
func (s scenario) condition() string {
	switch {
	case s.subject != provider:
		return "no calls"
	case s.rateLimit > 0:
		return fmt.Sprintf("%d calls/s", s.rateLimit)
	default:
		return fmt.Sprintf("%d ms", s.latency/time.Millisecond)
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) }

func orDash(n int) string {
	if n == 0 {
		return "–"
	}
	return strconv.Itoa(n)
}
