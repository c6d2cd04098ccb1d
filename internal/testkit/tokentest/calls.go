package tokentest

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-uuid"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
)

// CreateElsewhere creates a token with the role User as another client.
func CreateElsewhere(t *testing.T, cloud *acctest.Cloud, name string) {
	t.Helper()
	Call(t, cloud, http.MethodPost, "/tokens", fmt.Sprintf(`{"name": %q, "role": "User"}`, name))
}

// Call calls the API as another client.
func Call(t *testing.T, cloud *acctest.Cloud, method, path, body string) {
	t.Helper()
	req, err := http.NewRequest(method, cloud.Endpoint+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(cloud.TokenID, cloud.TokenSecret)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if method == http.MethodPost {
		key, err := uuid.GenerateUUID()
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := cloud.Client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode > 299 {
		t.Fatalf("%s %s: %s", method, path, resp.Status)
	}
}

// CallRegistry calls a registry as another client.
func CallRegistry(t *testing.T, cloud *acctest.Cloud, method, host, path string) {
	t.Helper()
	req, err := http.NewRequest(method, cloud.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	req.SetBasicAuth(cloud.TokenID, cloud.TokenSecret)
	resp, err := cloud.Client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode > 299 {
		t.Fatalf("%s %s: %s", method, path, resp.Status)
	}
}

// Issue creates a token as another client.
func Issue(t *testing.T, cloud *acctest.Cloud, name string, role cloudfleet.Role) cloudfleet.Token {
	t.Helper()
	client, err := cloudfleet.NewOver(cmp.Or(cloud.Client.Transport, http.DefaultTransport), cloudfleet.Options{
		Endpoint: cloud.Endpoint, AccessTokenID: cloud.TokenID, AccessTokenSecret: cloud.TokenSecret, RequestTimeout: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := client.CreateToken(t.Context(), cloudfleet.TokenSettings{Name: name, Role: role})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// IssueNamed issues tokens: each name with the role User, or Administrator if it
// ends in "push".
func IssueNamed(t *testing.T, cloud *acctest.Cloud, names ...string) {
	t.Helper()
	for _, name := range names {
		role := cloudfleet.RoleUser
		if strings.HasSuffix(name, "push") {
			role = cloudfleet.RoleAdministrator
		}
		Issue(t, cloud, name, role)
	}
	cloud.ForgetRequests()
}
