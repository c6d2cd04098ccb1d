package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// report is all that a run of the benchmark found out.
type report struct {
	Machine      machine       `json:"machine"`
	Measurements []measurement `json:"measurements"`
	Binaries     []binary      `json:"binaries"`
}

// key is what was measured. The conditions are zero where there were none.
type key struct {
	Subject   string        `json:"subject"`
	Tokens    int           `json:"tokens"`
	Latency   time.Duration `json:"latency_ns"`
	RateLimit int           `json:"rate_limit_per_second"`
	Operation string        `json:"operation"`
}

func (k key) String() string {
	return fmt.Sprintf("%s of %s %s, %s", k.Operation, number(float64(k.Tokens)), k.Subject, k.condition())
}

// measurement is one command of a CLI.
type measurement struct {
	key
	Seconds float64 `json:"seconds"`
	// Calls counts those that were not refused, by kind.
	Calls   map[string]int `json:"calls,omitempty"`
	Refused int            `json:"refused"`
	// Connections is how many were opened.
	Connections int `json:"connections"`
	// PeakMemory is that of the largest provider process, in bytes; 0 where there
	// was none.
	PeakMemory int64 `json:"peak_memory_bytes"`
	// Failure is the first error of a command that failed, with which its scenario
	// ended.
	Failure string `json:"failure,omitempty"`
}

// binary is a provider before it does anything.
type binary struct {
	Subject string `json:"subject"`
	Size    int64  `json:"size_bytes"`
	// StartUp is the time until a CLI can talk to it.
	StartUp time.Duration `json:"start_up_ns"`
}

func (m measurement) calls() (n int) {
	for _, count := range m.Calls {
		n += count
	}
	return n
}

// find returns what was measured, unless it was not or failed.
func (r *report) find(k key) (measurement, bool) {
	i := slices.IndexFunc(r.Measurements, func(m measurement) bool { return m.key == k })
	if i < 0 || r.Measurements[i].Failure != "" {
		return measurement{}, false
	}
	return r.Measurements[i], true
}

// secondsOf returns how long the same took of a subject that calls no API, under
// the same condition if that was measured.
func (r *report) secondsOf(subject string, k key) (float64, bool) {
	k.Subject = subject
	m, ok := r.find(k)
	if !ok {
		k.Latency, k.RateLimit = 0, 0
		m, ok = r.find(k)
	}
	return m.Seconds, ok
}

// binary returns the zero value where the provider was not measured.
func (r *report) binary(subject string) binary {
	i := slices.IndexFunc(r.Binaries, func(b binary) bool { return b.Subject == subject })
	if i < 0 {
		return binary{}
	}
	return r.Binaries[i]
}

// medians keeps of all measurements of the same the one with the median time, in
// the order in which they first came. A failure comes before all: it must be seen.
func medians(all []measurement) []measurement {
	var order []key
	same := map[key][]measurement{}
	for _, m := range all {
		if same[m.key] == nil {
			order = append(order, m.key)
		}
		same[m.key] = append(same[m.key], m)
	}
	var kept []measurement
	for _, k := range order {
		ms := same[k]
		slices.SortStableFunc(ms, func(a, b measurement) int { return cmp.Compare(a.Seconds, b.Seconds) })
		i := slices.IndexFunc(ms, func(m measurement) bool { return m.Failure != "" })
		if i < 0 {
			i = (len(ms) - 1) / 2
		}
		kept = append(kept, ms[i])
	}
	return kept
}

func readReport(path string) (r report, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(content, &r)
}

func (r *report) write(path string) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, append(content, '\n'), 0o600)
}
