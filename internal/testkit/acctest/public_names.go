package acctest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// PublicNames lets the mock server answer for Cloudfleet's public host names over TLS,
// and returns the environment variables for that: a proxy, and the authority to trust. A
// configuration then needs no endpoint, as for a user. Any other name is an error of the
// test.
func (c *Cloud) PublicNames(t *testing.T) []string {
	t.Helper()
	authority := newAuthority(t)
	public := httptest.NewUnstartedServer(c.Server)
	public.TLS = &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		return authority.certify(hello.ServerName)
	}}
	public.Config.ErrorLog = log.New(io.Discard, "", 0) // a client that has ended is no fault
	public.StartTLS()
	t.Cleanup(public.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, _ := net.SplitHostPort(r.Host)
		if r.Method != http.MethodConnect || name != "api.cloudfleet.ai" && !strings.HasSuffix(name, ".registry.cloudfleet.dev") {
			t.Errorf("the proxy is asked for %s %s", r.Method, r.Host)
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		tunnel(t, w, public.Listener.Addr().String())
	}))
	t.Cleanup(proxy.Close)
	return []string{"HTTPS_PROXY=" + proxy.URL, "SSL_CERT_FILE=" + authority.file}
}

// tunnel connects the client of a proxy with an address until one of them ends.
func tunnel(t *testing.T, w http.ResponseWriter, address string) {
	w.WriteHeader(http.StatusOK)
	from, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	defer from.Close()
	to, err := net.Dial("tcp", address)
	if err != nil {
		return // the server has been closed
	}
	defer to.Close()
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			done <- struct{}{}
		}()
	}
	<-done
}

// authority certifies any name, for one test.
type authority struct {
	file        string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey

	mu        sync.Mutex
	certified map[string]*tls.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{file: filepath.Join(t.TempDir(), "authority.pem"), certified: map[string]*tls.Certificate{}}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	template := certificateFor("the authority of a test")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	content, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.certificate, err = x509.ParseCertificate(content); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: content}), 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

func certificateFor(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
}

// certify returns a certificate for this name.
func (a *authority) certify(name string) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if certificate := a.certified[name]; certificate != nil {
		return certificate, nil
	}
	template := certificateFor(name)
	template.DNSNames, template.KeyUsage = []string{name}, x509.KeyUsageDigitalSignature
	content, err := x509.CreateCertificate(rand.Reader, template, a.certificate, a.key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	a.certified[name] = &tls.Certificate{Certificate: [][]byte{content}, PrivateKey: a.key}
	return a.certified[name], nil
}
