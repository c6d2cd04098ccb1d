package image

import "testing"

func TestDomainOf(t *testing.T) {
	for hostname, want := range map[string]string{
		"docker.io": "docker.io", "registry-1.docker.io": "docker.io", "registry.gitlab.com": "gitlab.com", "ghcr.io": "ghcr.io",
		"registry.example.co.uk": "example.co.uk", "localhost": "localhost", "127.0.0.1": "127.0.0.1", "127.0.0.1:5000": "127.0.0.1",
		"registry.example.com:5050": "example.com", "[::1]:5000": "::1",
	} {
		if got := domainOf(hostname); got != want {
			t.Errorf("credentials for %s may be sent to %s, want %s", hostname, got, want)
		}
	}
}
