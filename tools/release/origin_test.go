package main

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// origin serves a release like a provider registry under /registry/, and like a network
// mirror under /mirror/.
type origin struct {
	url string
	// authority is the file with the certificate to trust.
	authority string
}

// serve serves these files of the release by name. If they were changed, a mirror has the
// checksums of the changed ones.
func (r *release) serve(t *testing.T, files map[string][]byte) origin {
	t.Helper()
	platforms := []map[string]string{}
	archives := map[string]any{}
	for _, target := range r.targets {
		goos, goarch, _ := strings.Cut(strings.TrimSuffix(target, "_6"), "_")
		platforms = append(platforms, map[string]string{"os": goos, "arch": goarch})
		archives[goos+"_"+goarch] = map[string]any{
			"url": "/files/" + r.zip(target), "hashes": []string{"zh:" + hexSum(files[r.zip(target)])},
		}
	}
	answer := func(w http.ResponseWriter, value any) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(value); err != nil {
			t.Error(err)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /registry/cloudfleet/cloudfleet/versions", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"versions": []any{
			map[string]any{"version": r.version, "protocols": []string{"6.0"}, "platforms": platforms},
		}})
	})
	mux.HandleFunc("GET /registry/cloudfleet/cloudfleet/{version}/download/{os}/{arch}", func(w http.ResponseWriter, req *http.Request) {
		archive := r.zip(req.PathValue("os") + "_" + req.PathValue("arch"))
		sum := ""
		for line := range strings.Lines(string(files[r.name("SHA256SUMS")])) {
			if fields := strings.Fields(line); fields[1] == archive {
				sum = fields[0]
			}
		}
		answer(w, map[string]any{
			"protocols": []string{"6.0"}, "os": req.PathValue("os"), "arch": req.PathValue("arch"), "filename": archive, "shasum": sum,
			"download_url": "/files/" + archive, "shasums_url": "/files/" + r.name("SHA256SUMS"),
			"shasums_signature_url": "/files/" + r.name("SHA256SUMS.sig"),
			"signing_keys": map[string]any{"gpg_public_keys": []any{
				map[string]string{"key_id": r.key.fingerprint[len(r.key.fingerprint)-16:], "ascii_armor": r.key.public},
			}},
		})
	})
	mux.HandleFunc("GET /mirror/{host}/cloudfleet/cloudfleet/{file}", func(w http.ResponseWriter, req *http.Request) {
		if req.PathValue("file") == "index.json" {
			answer(w, map[string]any{"versions": map[string]any{r.version: map[string]any{}}})
			return
		}
		answer(w, map[string]any{"archives": archives})
	})
	mux.HandleFunc("GET /files/{name}", func(w http.ResponseWriter, req *http.Request) {
		_, _ = w.Write(files[path.Base(req.URL.Path)])
	})
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	authority := filepath.Join(t.TempDir(), "authority.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(authority, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	return origin{server.URL, authority}
}
