package oci_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"oras.land/oras-go/v2/registry/remote"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/oci"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver/registry"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/testimage"
)

// This proxy does not exist, so that requests through it fail. Go uses no proxy for
// localhost and loopback addresses, but does for names below localhost.
func TestMain(m *testing.M) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY"} {
		if err := os.Setenv(name, "http://127.0.0.1:1"); err != nil {
			panic(err)
		}
	}
	oci.WaitLess()
	os.Exit(m.Run())
}

const (
	organization = "12345678-6651-4e5d-9c04-079f6532989b"
	user, secret = "2iKo4Asy51EUx2gpJFW76t", "cf_secret_hidden"
)

// serve serves a registry, and returns its host name and its URL.
func serve(t *testing.T, handler http.Handler) (host, url string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return organization + ".europe.localhost" + strings.TrimPrefix(server.URL, "http://127.0.0.1"), server.URL
}

func options(host string) oci.Options {
	return oci.Options{
		Host: host, Domain: strings.TrimPrefix(host, organization+".europe."), Username: user, Password: secret,
		UserAgent: "test", RequestTimeout: 5 * time.Second,
	}
}

func client(t *testing.T, o oci.Options) *oci.Client {
	t.Helper()
	c, err := oci.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// mock is a registry in which the token may push.
func mock(bearer bool) http.Handler {
	return registry.New(registry.Options{Bearer: bearer, Authenticate: func(id, password string) (registry.Access, bool) {
		return registry.Access{OrganizationID: organization, Push: true}, id == user && password == secret
	}})
}

func repository(t *testing.T, url, host, name string) *remote.Repository {
	t.Helper()
	r, err := testimage.Repository(url, host, name, user, secret)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
