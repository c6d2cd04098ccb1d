package main

import (
	"fmt"
	"slices"
	"time"
)

// What is measured. The last two are measures for the first.
const (
	subjectProvider = "cloudfleet"
	subjectFloor    = "terraform_data"
	subjectStorer   = "storer"
)

// planOnlyAbove is the number of tokens above which no CLI applies in reasonable
// time, the floor included: it takes minutes, and most of it for the state file.
const planOnlyAbove = 1000

const tokensConfiguration = `
terraform {
  required_providers {
    cloudfleet = { source = "cloudfleet/cloudfleet" }
  }
}

variable "tokens" { type = number }
variable "rotation" { type = string }

resource "cloudfleet_api_token" "this" {
  count            = var.tokens
  name             = "pipeline-${count.index}"
  role             = "User"
  rotation_trigger = var.rotation
}
`

const floorConfiguration = `
variable "tokens" { type = number }
variable "rotation" { type = string }

resource "terraform_data" "this" {
  count = var.tokens
  input = { name = "pipeline-${count.index}", role = "User", rotation_trigger = var.rotation }
}
`

var configurations = map[string]string{
	subjectProvider: tokensConfiguration,
	subjectStorer:   tokensConfiguration,
	subjectFloor:    floorConfiguration,
}

// operation is a command that is measured.
type operation struct {
	name     string
	args     []string
	rotation string
}

const (
	opApply   = "apply"
	opPlan    = "plan"
	opRotate  = "rotate"
	opDestroy = "destroy"
)

// operations are what is done to the same tokens, in this order. The plan fails
// unless it is empty.
var operations = []operation{
	{opApply, []string{"apply", "-auto-approve"}, "1"},
	{opPlan, []string{"plan", "-detailed-exitcode"}, "1"},
	{opRotate, []string{"apply", "-auto-approve"}, "2"},
	{opDestroy, []string{"destroy", "-auto-approve"}, "2"},
}

// arguments are those of a CLI for this many tokens. How many resources it works
// on at a time is left to the CLI, as users leave it: ten.
func (o operation) arguments(tokens int) []string {
	return append(slices.Clip(o.args), "-input=false", "-no-color",
		fmt.Sprintf("-var=tokens=%d", tokens), "-var=rotation="+o.rotation)
}

// scenario is a number of tokens, and the conditions under which they are worked
// on.
type scenario struct {
	subject   string
	tokens    int
	latency   time.Duration
	rateLimit int
	// planOnly: the tokens are there already, and are only planned.
	planOnly bool
}

func (s scenario) key(operation string) key {
	return key{Subject: s.subject, Tokens: s.tokens, Latency: s.latency, RateLimit: s.rateLimit, Operation: operation}
}

// scenarios lists what to measure, those together that are compared. A rate limit
// is for the most tokens that are applied, for fewer pass in a burst. The storer
// keeps to it too: that is how long an API takes that nobody has to find out about.
func scenarios(tokens []int, latencies []time.Duration, rateLimit int) (groups [][]scenario) {
	most := 0
	for _, n := range tokens {
		if n <= planOnlyAbove {
			most = max(most, n)
		}
	}
	for _, n := range tokens {
		planOnly := n > planOnlyAbove
		group := []scenario{{subject: subjectFloor, tokens: n, planOnly: planOnly}}
		for _, latency := range latencies {
			group = append(group, scenario{subject: subjectStorer, tokens: n, latency: latency, planOnly: planOnly},
				scenario{subject: subjectProvider, tokens: n, latency: latency, planOnly: planOnly})
		}
		if rateLimit > 0 && n == most {
			group = append(group, scenario{subject: subjectStorer, tokens: n, rateLimit: rateLimit},
				scenario{subject: subjectProvider, tokens: n, rateLimit: rateLimit})
		}
		groups = append(groups, group)
	}
	return groups
}
