package roundtrip

import (
	"context"
	"strings"
	"testing"
)

func TestIsLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST": true, "org.europe.localhost": true, "127.0.0.1": true, "127.1.2.3": true, "::1": true,
		"org.europe.127.0.0.1": false, "localhost.example.com": false, "notlocalhost": false, "10.0.0.1": false, "registry.cloudfleet.dev": false,
	} {
		if got := IsLoopback(host); got != want {
			t.Errorf("%s: got %t", host, got)
		}
	}
}

// Names below localhost are not looked up, and addresses of other machines are not
// called.
func TestLoopbackOnly(t *testing.T) {
	if _, err := dialLoopback(t.Context(), "tcp", "192.0.2.1:80"); err == nil || !strings.Contains(err.Error(), "not this machine") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := dialLoopback(ctx, "tcp", "a.localhost:80"); err == nil || strings.Contains(err.Error(), "lookup a.localhost") {
		t.Errorf("got %v", err)
	}
}
