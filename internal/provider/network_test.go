package provider_test

import (
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/canary"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/terraformcli"
)

// network has the API over HTTPS with the certificate of a private authority for
// 127.0.0.1 and example.com, and the provider as a process.
type network struct {
	api       *httptest.Server
	authority string
	processes acctest.Processes
	cloud     *acctest.Cloud
}

func newNetwork(t *testing.T) network {
	t.Helper()
	n := network{processes: acctest.NewProcesses(t, acctest.Core), cloud: acctest.Start(t, mockserver.Options{})}
	n.api = httptest.NewTLSServer(n.cloud)
	t.Cleanup(n.api.Close)
	n.authority = filepath.Join(t.TempDir(), "authority.pem")
	content := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: n.api.Certificate().Raw})
	if err := os.WriteFile(n.authority, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return n
}

// folder reads the organization at this endpoint, with these environment variables.
func (n network) folder(t *testing.T, endpoint string, env ...string) *terraformcli.Folder {
	t.Helper()
	folder := n.processes.Folder(t, n.cloud, "data \"cloudfleet_organization\" \"this\" {}\n")
	folder.Env = append(append(folder.Env, "CLOUDFLEET_ENDPOINT="+endpoint, "CLOUDFLEET_MAX_RETRIES=0"), env...)
	return folder
}

func TestAccCustomAuthority(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		t.Skip("Go asks the system there, and not SSL_CERT_FILE")
	}
	n := newNetwork(t)
	endpoint := n.api.URL + "/v1"
	for _, env := range []string{"SSL_CERT_FILE=" + n.authority, "SSL_CERT_DIR=" + filepath.Dir(n.authority)} {
		if _, err := n.folder(t, endpoint, env).Run(t.Context(), "plan"); err != nil {
			t.Errorf("%s: %s", env, err)
		}
	}
	trusted := len(n.cloud.Requests())
	_, err := n.folder(t, endpoint).Run(t.Context(), "plan")
	if err == nil || !strings.Contains(err.Error(), "certificate signed by unknown") {
		t.Errorf("without the authority: %v", err)
	}
	if got := len(n.cloud.Requests()); got != trusted || trusted != 2 {
		t.Errorf("%d calls with the authority, and %d without", trusted, got-trusted)
	}
}

// A proxy from the environment gets a CONNECT request, and cannot read what passes
// through.
func TestAccProxy(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		t.Skip("it needs SSL_CERT_FILE, which Go does not ask there")
	}
	n := newNetwork(t)
	var connected atomic.Pointer[http.Request]
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connected.Store(r)
		tunnel(t, w, n.api.Listener.Addr().String())
	}))
	t.Cleanup(proxy.Close)
	folder := n.folder(t, "https://example.com/v1", "SSL_CERT_FILE="+n.authority, "HTTPS_PROXY="+proxy.URL)
	if _, err := folder.Run(t.Context(), "plan"); err != nil {
		t.Error(err)
	}
	r := connected.Load()
	if r == nil || r.Method != http.MethodConnect || r.Host != "example.com:443" || r.Header.Get("Authorization") != "" {
		t.Errorf("the proxy was asked %+v", r)
	}
}

func tunnel(t *testing.T, w http.ResponseWriter, address string) {
	t.Helper()
	server, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	defer server.Close()
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	defer client.Close()
	_, _ = io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() { _, _ = io.Copy(server, client) }()
	_, _ = io.Copy(client, server)
}

func TestAccProxyPasswordIsNotShown(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	const nobody = "http://me:hunter2secret@127.0.0.1:1"
	folder := n.folder(t, "https://example.com/v1", "HTTPS_PROXY="+nobody, "TF_LOG_PROVIDER=TRACE")
	_, err := folder.Run(t.Context(), "plan")
	if err == nil || !strings.Contains(err.Error(), "proxyconnect") {
		t.Fatalf("the proxy was not asked: %v", err)
	}
	canary.New("hunter2secret").Check(t, "the run", err.Error())
}
