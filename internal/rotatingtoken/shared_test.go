package rotatingtoken_test

import "github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"

// What the tests share with those of the sister package.
type (
	fault        = tokentest.Fault
	faultHandler = tokentest.FaultHandler
)

var (
	token           = tokentest.Token
	rotating        = tokentest.Rotating
	trigger         = tokentest.Trigger
	attribute       = tokentest.Attribute
	late            = tokentest.Late
	ageList         = tokentest.AgeList
	ageIdentity     = tokentest.AgeIdentity
	message         = tokentest.Message
	tokenID         = tokentest.TokenID
	secret          = tokentest.Secret
	timestamp       = tokentest.Timestamp
	createElsewhere = tokentest.CreateElsewhere
	call            = tokentest.Call
	issueNamed      = tokentest.IssueNamed
	faults          = tokentest.Faults
	after           = tokentest.After
	cut             = tokentest.Cut
	cutBefore       = tokentest.CutBefore
	decline         = tokentest.Decline
	breakages       = tokentest.Breakages
	breakWrite      = tokentest.BreakWrite
)

const (
	rotatingAddress = tokentest.RotatingAddress
)
