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

// report has all results of a run of the benchmark.
type report struct {
	Machine      machine       `json:"machine"`
	Measurements []measurement `json:"measurements"`
	Binaries     []binary      `json:"binaries"`
}

// key says what was measured. A condition is zero if there was none.
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
	// Calls counts the calls that were not throttled, by kind.
	Calls   map[string]int `json:"calls,omitempty"`
	Refused int            `json:"refused"`
	// Connections is the number of opened connections.
	Connections int `json:"connections"`
	// PeakMemory is that of the largest provider process, in bytes; 0 if there was none.
	PeakMemory int64 `json:"peak_memory_bytes"`
	// Failure is the first error of a failed command, with which its scenario ended.
	Failure string `json:"failure,omitempty"`
}

// binary is a provider before it does anything.
type binary struct {
	Subject string `json:"subject"`
	Size    int64  `json:"size_bytes"`
	// StartUp is the time until a CLI can call it.
	StartUp time.Duration `json:"start_up_ns"`
}

func (m measurement) calls() (n int) {
	for _, count := range m.Calls {
		n += count
	}
	return n
}

// find returns a measurement, and false if there is none or it failed.
func (r *report) find(k key) (measurement, bool) {
	i := slices.IndexFunc(r.Measurements, func(m measurement) bool { return m.key == k })
	if i < 0 || r.Measurements[i].Failure != "" {
		return measurement{}, false
	}
	return r.Measurements[i], true
}

// secondsOf returns how long a subject without API calls took for the same, with the same
// condition if that was measured.
func (r *report) secondsOf(subject string, k key) (float64, bool) {
	k.Subject = subject
	m, ok := r.find(k)
	if !ok {
		k.Latency, k.RateLimit = 0, 0
		m, ok = r.find(k)
	}
	return m.Seconds, ok
}

// binary returns the zero value if the provider was not measured.
func (r *report) binary(subject string) binary {
	i := slices.IndexFunc(r.Binaries, func(b binary) bool { return b.Subject == subject })
	if i < 0 {
		return binary{}
	}
	return r.Binaries[i]
}

// medians keeps, of equal measurements, the one with the median time, in the original
// order. Failures come first, so that they are seen.
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
