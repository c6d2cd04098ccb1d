package main

import (
	"testing"
	"time"
)

// ideal is a report that reaches every target, most of them exactly.
func ideal() *report {
	r := &report{Binaries: []binary{
		{Subject: subjectProvider, Size: 12 << 20, StartUp: 12 * time.Millisecond},
		{Subject: subjectStorer, Size: 10 << 20, StartUp: 10 * time.Millisecond},
	}}
	add := func(subject string, latency time.Duration, rateLimit int, operation string, m measurement) {
		m.key = key{subject, targetTokens, latency, rateLimit, operation}
		r.Measurements = append(r.Measurements, m)
	}
	add(subjectFloor, 0, 0, opApply, measurement{Seconds: 4})
	add(subjectFloor, 0, 0, opRotate, measurement{Seconds: 4})
	add(subjectFloor, 0, 0, opDestroy, measurement{Seconds: 10})
	add(subjectProvider, 0, 0, opPlan, measurement{Seconds: 2, PeakMemory: 120})
	add(subjectStorer, 0, 0, opPlan, measurement{Seconds: 2, PeakMemory: 100})
	// The larger of the floor and 1,000 × 50 ms ÷ 10 is 5 s here, and 10 s below.
	add(subjectProvider, targetLatency, 0, opApply, measurement{Seconds: 5.7, Calls: map[string]int{callCreate: 1000}, Connections: 20})
	add(subjectProvider, targetLatency, 0, opPlan, measurement{Seconds: 2.6, Calls: map[string]int{callList: 11, callGet: 1}, Connections: 20})
	add(subjectProvider, targetLatency, 0, opRotate, measurement{Seconds: 1, Connections: 40})
	add(subjectProvider, targetLatency, 0, opDestroy,
		measurement{Seconds: 11.4, Calls: map[string]int{callDelete: 1000, callList: 11, callGet: 1}, Connections: 40})
	for _, operation := range []string{opApply, opRotate, opDestroy} {
		add(subjectProvider, 0, targetRateLimit, operation, measurement{Seconds: 21.9, Calls: map[string]int{callCreate: 951}, Refused: 49})
	}
	return r
}

func TestTargetsAreReached(t *testing.T) {
	t.Parallel()
	for _, target := range targets(ideal()) {
		if target.verdict() != "reached" {
			t.Errorf("%q", target.cells())
		}
	}
}

// The storing provider's value shows what can be reached.
func TestTargetsShowTheStorers(t *testing.T) {
	t.Parallel()
	r := ideal()
	r.Measurements = append(r.Measurements, measurement{key: key{subjectStorer, targetTokens, targetLatency, 0, opApply}, Seconds: 6})
	for _, target := range targets(r) {
		want := "–"
		if target.what == "apply at 50 ms: time ÷ ideal" {
			want = "1.2"
		}
		if got := target.cells()[3]; got != want {
			t.Errorf("%s: got %s, want %s", target.what, got, want)
		}
	}
}

func TestTargetsAreNotMeasured(t *testing.T) {
	t.Parallel()
	failed := ideal()
	failed.Binaries = nil
	for i := range failed.Measurements {
		failed.Measurements[i].Failure = "Could not create"
	}
	for name, r := range map[string]*report{"nothing was measured": {}, "all failed": failed} {
		for _, target := range targets(r) {
			if target.verdict() != "not measured" {
				t.Errorf("%s: %q", name, target.cells())
			}
		}
	}
}

// Each change of the ideal report misses its targets, and no others.
func TestTargetsAreMissed(t *testing.T) {
	t.Parallel()
	slow := func(operation string) key { return key{subjectProvider, targetTokens, targetLatency, 0, operation} }
	limited := func(operation string) key { return key{subjectProvider, targetTokens, 0, targetRateLimit, operation} }
	for _, test := range []struct {
		missed string
		of     key
		change func(*measurement)
	}{
		{"plan at 50 ms: calls", slow(opPlan), func(m *measurement) { m.Calls[callGet]++ }},
		{"plan at 50 ms: time ÷ plan at 0 ms", slow(opPlan), func(m *measurement) { m.Seconds = 2.7 }},
		{"plan at 50 ms: connections", slow(opPlan), func(m *measurement) { m.Connections++ }},
		{"apply at 50 ms: creates", slow(opApply), func(m *measurement) { m.Calls[callCreate]++ }},
		{"apply at 50 ms: time ÷ ideal", slow(opApply), func(m *measurement) { m.Seconds = 5.8 }},
		{"rotate at 50 ms: connections", slow(opRotate), func(m *measurement) { m.Connections++ }},
		{"destroy at 50 ms: deletes", slow(opDestroy), func(m *measurement) { m.Calls[callDelete]-- }},
		{"destroy at 50 ms: other calls", slow(opDestroy), func(m *measurement) { m.Calls[callGet]++ }},
		{"destroy at 50 ms: time ÷ ideal", slow(opDestroy), func(m *measurement) { m.Seconds = 11.6 }},
		{"apply at 50 calls/s: time ÷ ideal", limited(opApply), func(m *measurement) { m.Seconds = 22.1 }},
		{"destroy at 50 calls/s: share refused", limited(opDestroy), func(m *measurement) { m.Calls[callCreate], m.Refused = 950, 50 }},
		{"peak memory ÷ a storing provider's", slow(opRotate), func(m *measurement) { m.PeakMemory = 121 }},
	} {
		t.Run(test.missed, func(t *testing.T) {
			t.Parallel()
			r := ideal()
			for i := range r.Measurements {
				if r.Measurements[i].key == test.of {
					test.change(&r.Measurements[i])
				}
			}
			for _, target := range targets(r) {
				if want := target.what == test.missed; (target.verdict() == "missed") != want {
					t.Errorf("%q", target.cells())
				}
			}
		})
	}
}
