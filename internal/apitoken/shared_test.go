package apitoken_test

import (
	"net/http"
	"strings"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// Shared with the tests of package rotatingtoken.
var (
	token       = tokentest.Token
	rotating    = tokentest.Rotating
	arguments   = tokentest.Arguments
	rewrite     = tokentest.Rewrite
	trigger     = tokentest.Trigger
	attribute   = tokentest.Attribute
	late        = tokentest.Late
	ageList     = tokentest.AgeList
	ageIdentity = tokentest.AgeIdentity
	message     = tokentest.Message
	tokenID     = tokentest.TokenID
	secret      = tokentest.Secret
	timestamp   = tokentest.Timestamp
	call        = tokentest.Call
	issue       = tokentest.Issue
	issueNamed  = tokentest.IssueNamed
	breakages   = tokentest.Breakages
	breakWrite  = tokentest.BreakWrite
)

const (
	address          = tokentest.Address
	rotatingAddress  = tokentest.RotatingAddress
	deletedElsewhere = tokentest.DeletedElsewhere
	noWhole          = tokentest.NoWhole
)

func cloudfleetKnown(id string) cloudfleet.KnownToken { return cloudfleet.KnownToken{ID: id} }

func isCreate(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == "/v1/tokens"
}

func isRegenerate(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/regenerate") }
