package rotatingtoken_test

import "github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"

// Shared with the tests of package apitoken.
type (
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
	after           = tokentest.After
	cutBefore       = tokentest.CutBefore
	decline         = tokentest.Decline
	breakages       = tokentest.Breakages
	breakWrite      = tokentest.BreakWrite
)

const (
	rotatingAddress = tokentest.RotatingAddress
)
