package main

import (
	"fmt"
	"slices"
	"time"
)

// Subjects. The last two are for comparison with the first.
const (
	subjectProvider = "cloudfleet"
	subjectFloor    = "terraform_data"
	subjectStorer   = "storer"
)

// planOnlyAbove is the number of tokens above which an apply takes minutes with any
// provider, most of them for the state file.
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

// operation is a measured command.
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

// operations are applied to the same tokens in this order. The plan fails unless it is
// empty.
var operations = []operation{
	{opApply, []string{"apply", "-auto-approve"}, "1"},
	{opPlan, []string{"plan", "-detailed-exitcode"}, "1"},
	{opRotate, []string{"apply", "-auto-approve"}, "2"},
	{opDestroy, []string{"destroy", "-auto-approve"}, "2"},
}

// arguments are those of a CLI for this number of tokens. Its parallelism is the default,
// ten.
func (o operation) arguments(tokens int) []string {
	return append(slices.Clip(o.args), "-input=false", "-no-color",
		fmt.Sprintf("-var=tokens=%d", tokens), "-var=rotation="+o.rotation)
}

// scenario is a number of tokens, and the conditions of a measurement.
type scenario struct {
	subject   string
	tokens    int
	latency   time.Duration
	rateLimit int
	// planOnly: the tokens exist, and are only planned.
	planOnly bool
}

func (s scenario) key(operation string) key {
	return key{Subject: s.subject, Tokens: s.tokens, Latency: s.latency, RateLimit: s.rateLimit, Operation: operation}
}

// scenarios lists what to measure, with comparable ones together. A rate limit is used
// with the largest number of tokens that is applied, because fewer pass in a burst. The
// storing provider respects it as well, which shows how long it takes when the limit is
// known.
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
