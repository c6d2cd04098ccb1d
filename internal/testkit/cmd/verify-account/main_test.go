package main

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

func TestRun(t *testing.T) {
	server := mockserver.New(mockserver.Options{})
	own := server.AddOrganization("Test")
	listener := httptest.NewServer(server)
	defer listener.Close()
	t.Setenv("CLOUDFLEET_ENDPOINT", listener.URL+"/v1")
	t.Setenv("CLOUDFLEET_REGISTRY_DOMAIN", strings.Replace(listener.Listener.Addr().String(), "127.0.0.1", "localhost", 1))
	t.Setenv("CLOUDFLEET_ORGANIZATION_ID", own.OrganizationID)
	t.Setenv("CLOUDFLEET_ACCESS_TOKEN_ID", own.TokenID)
	for _, test := range []struct {
		args, stdin, secret string
		code                int
		want                string
		writes              bool
	}{
		{"", "", own.TokenSecret, 0, "25 hold", false},
		{"-write", "n\n", own.TokenSecret, exitUsage, "nothing was done", false},
		{"-write", "", own.TokenSecret, exitUsage, "nothing was done", false},
		{"-write", "y\n", own.TokenSecret, 0, "0 differ", true},
		{"-write -yes -format markdown", "", own.TokenSecret, 0, "| holds | delete |", true},
		{"-format json", "", own.TokenSecret, 0, `"verdict": "holds"`, false},
		{"-format xml", "", own.TokenSecret, exitUsage, "not \"xml\"", false},
		{"-region moon", "", own.TokenSecret, exitUsage, "moon", false},
		{"", "", "", exitUsage, "CLOUDFLEET_ACCESS_TOKEN_SECRET", false},
		{"", "", "cf_secret_wrong", exitUsage, "rejects the access token", false},
	} {
		t.Setenv("CLOUDFLEET_ACCESS_TOKEN_SECRET", test.secret)
		server.ForgetRequests()
		var stdout, stderr bytes.Buffer
		code, err := run(t.Context(), strings.Fields(test.args), strings.NewReader(test.stdin), &stdout, &stderr)
		said := stdout.String() + stderr.String()
		if err != nil {
			said += err.Error()
		}
		if code != test.code || !strings.Contains(said, test.want) {
			t.Errorf("%s, %q: code %d, want %d with %q:\n%s", test.args, test.stdin, code, test.code, test.want, said)
		}
		writes := false
		for _, r := range server.Requests() {
			writes = writes || r.IsWrite()
		}
		if writes != test.writes || len(server.Tokens(own.OrganizationID)) != 1 {
			t.Errorf("%s: it has written: %t, and left %v", test.args, writes, server.Tokens(own.OrganizationID))
		}
	}
}
