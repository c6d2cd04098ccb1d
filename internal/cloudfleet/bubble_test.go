package cloudfleet_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
)

// inBubble returns a mock server for one test under synctest, and a client with the
// default retries.
func inBubble(t *testing.T, mock mockserver.Options) (*cloud, *cloudfleet.Client) {
	t.Helper()
	server := mockserver.New(mock)
	credentials := server.AddOrganization("Test")
	cloud := &cloud{server, credentials, cloudfleet.Options{
		Endpoint:          "http://127.0.0.1/v1",
		OrganizationID:    credentials.OrganizationID,
		AccessTokenID:     credentials.TokenID,
		AccessTokenSecret: credentials.TokenSecret,
		MaxRetries:        cloudfleet.DefaultMaxRetries,
	}}
	return cloud, cloud.client(t)
}

// client is one more client of the same server in a bubble.
func (c *cloud) client(t *testing.T) *cloudfleet.Client {
	t.Helper()
	client, err := cloudfleet.NewOver(mockserver.InMemory{Handler: c.Server}, c.options)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// calls counts the requests by kind: "list" is of a page, "get" of one token, and
// "refused" of any kind.
func (c *cloud) calls() map[string]int {
	n := map[string]int{}
	for _, r := range c.Requests() {
		kind := r.Method
		switch {
		case r.Status == http.StatusTooManyRequests:
			kind = "refused"
		case r.Path == "/v1/organization":
			kind = "organization"
		case r.Path == "/v1/tokens" && r.Method == http.MethodGet:
			kind = "list"
		case strings.HasPrefix(r.Path, "/v1/tokens/") && r.Method == http.MethodGet:
			kind = "get"
		}
		n[kind]++
	}
	return n
}

// workers calls do for each element, so many at a time.
func workers[T any](n int, elements []T, do func(T)) {
	var group sync.WaitGroup
	todo := make(chan T)
	for range n {
		group.Go(func() {
			for e := range todo {
				do(e)
			}
		})
	}
	for _, e := range elements {
		todo <- e
	}
	close(todo)
	group.Wait()
}
