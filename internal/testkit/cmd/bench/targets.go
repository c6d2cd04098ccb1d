package main

import (
	"fmt"
	"time"
)

// The conditions of the targets.
const (
	targetTokens    = 1000
	targetLatency   = 50 * time.Millisecond
	targetRateLimit = 50
	// parallelism is how many resources a CLI works on at a time.
	parallelism = 10
	// reads is how many calls a refresh of all tokens may make: a page has 100, the
	// provider's own token is one more, and one call is a reserve.
	reads = targetTokens/100 + 2
	// costs is the maximum of the provider's time divided by that of the storing
	// provider.
	costs = 1.2
)

// target is a value to reach.
type target struct {
	what     string
	relation relation
	want     float64
	// got is the measured value, if any.
	got      float64
	measured bool
	// storer is the value of the storing provider, if that was measured: if it misses the
	// target, no provider can reach it.
	storer float64
}

type relation string

const (
	exactly relation = "="
	atMost  relation = "≤"
	below   relation = "<"
)

func (t target) reached() bool {
	switch t.relation {
	case exactly:
		return t.got == t.want
	case atMost:
		return t.got <= t.want
	case below:
		return t.got < t.want
	}
	return false
}

// verdict describes the result in a word or two.
func (t target) verdict() string {
	switch {
	case !t.measured:
		return "not measured"
	case t.reached():
		return "reached"
	default:
		return "missed"
	}
}

// targets compares the report with all targets.
func targets(r *report) []target {
	provider := func(operation string, latency time.Duration, rateLimit int) (measurement, bool) {
		return r.find(key{subjectProvider, targetTokens, latency, rateLimit, operation})
	}
	slow := func(operation string) (measurement, bool) { return provider(operation, targetLatency, 0) }
	calls := func(operation, kind string) (float64, bool) {
		m, ok := slow(operation)
		return float64(m.Calls[kind]), ok
	}

	var list []target
	add := func(what string, relation relation, want, got float64, measured bool) {
		list = append(list, target{what: what, relation: relation, want: want, got: got, measured: measured})
	}
	// addTime adds a target for a time divided by that of an ideal provider: the time of
	// its calls, or of the CLI itself if that is longer.
	addTime := func(what string, want float64, operation string, latency time.Duration, rateLimit int, calls float64) {
		k := key{subjectProvider, targetTokens, latency, rateLimit, operation}
		m, ok := r.find(k)
		floor, known := r.secondsOf(subjectFloor, k)
		k.Subject = subjectStorer
		storer, _ := r.find(k)
		ideal := max(floor, calls)
		list = append(list, target{what + ": time ÷ ideal", atMost, want, m.Seconds / ideal, ok && known, storer.Seconds / ideal})
	}
	// At targetLatency, as many calls are in flight as the CLI works on resources.
	slowCalls := targetTokens * targetLatency.Seconds() / parallelism

	plan, ok := slow(opPlan)
	add("plan at 50 ms: calls", atMost, reads, float64(plan.calls()), ok)
	fast, known := provider(opPlan, 0, 0)
	add("plan at 50 ms: time ÷ plan at 0 ms", atMost, 1.3, plan.Seconds/fast.Seconds, ok && known)
	created, ok := calls(opApply, callCreate)
	add("apply at 50 ms: creates", exactly, targetTokens, created, ok)
	addTime("apply at 50 ms", 1.15, opApply, targetLatency, 0, slowCalls)
	destroy, ok := slow(opDestroy)
	add("destroy at 50 ms: deletes", exactly, targetTokens, float64(destroy.Calls[callDelete]), ok)
	add("destroy at 50 ms: other calls", atMost, reads, float64(destroy.calls()-destroy.Calls[callDelete]), ok)
	addTime("destroy at 50 ms", 1.15, opDestroy, targetLatency, 0, slowCalls)

	for _, operation := range []string{opApply, opRotate, opDestroy} {
		addTime(operation+" at 50 calls/s", 1.1, operation, 0, targetRateLimit, targetTokens/targetRateLimit)
		m, ok := provider(operation, 0, targetRateLimit)
		add(operation+" at 50 calls/s: share refused", below, 0.05, float64(m.Refused)/float64(m.Refused+m.calls()), ok)
	}
	for _, operation := range operations {
		m, ok := slow(operation.name)
		add(operation.name+" at 50 ms: connections", atMost, operation.connections(), float64(m.Connections), ok)
	}

	memory, storers := peakOf(r, subjectProvider), peakOf(r, subjectStorer)
	add("peak memory ÷ a storing provider's", atMost, costs, memory/storers, memory > 0 && storers > 0)
	binary, storer := r.binary(subjectProvider), r.binary(subjectStorer)
	ok = binary.Size > 0 && storer.Size > 0
	add("start-up ÷ a storing provider's", atMost, costs, float64(binary.StartUp)/float64(storer.StartUp), ok)
	add("binary size ÷ a storing provider's", atMost, costs, float64(binary.Size)/float64(storer.Size), ok)
	return list
}

// connections is how many connections an operation may open: two for each resource that
// the CLI works on at a time, because a call that waits for a connection opens another
// and uses the first that is free; and twice that if the CLI starts the provider twice
// for calls, to plan and to apply.
func (o operation) connections() float64 {
	if o.name == opRotate || o.name == opDestroy {
		return 2 * 2 * parallelism
	}
	return 2 * parallelism
}

// peakOf is the peak memory of a provider for targetTokens, in bytes.
func peakOf(r *report, subject string) (peak float64) {
	for _, m := range r.Measurements {
		if m.Subject == subject && m.Tokens == targetTokens && m.Failure == "" {
			peak = max(peak, float64(m.PeakMemory))
		}
	}
	return peak
}

func (t target) cells() []string {
	got, storer := "–", "–"
	if t.measured {
		got = number(t.got)
	}
	if t.storer > 0 {
		storer = number(t.storer)
	}
	return []string{t.what, fmt.Sprintf("%s %s", t.relation, number(t.want)), got, storer, t.verdict()}
}
