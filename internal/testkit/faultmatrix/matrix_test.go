// Package faultmatrix has only a test: it breaks each call of the provider in each way,
// over HTTP/1.1 and HTTP/2, and compares the results with a guide.
package faultmatrix_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/guide"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// TestMain lets the provider trust the certificate of the standard library's test
// servers, and shortens the wait for reads that lag.
func TestMain(m *testing.M) {
	cloudfleet.LagTime = 500 * time.Millisecond
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	server := httptest.NewTLSServer(http.NotFoundHandler())
	authority := filepath.Join(dir, "authority.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	server.Close()
	if err := os.WriteFile(authority, certificate, 0o600); err != nil {
		panic(err)
	}
	if err := os.Setenv("SSL_CERT_FILE", authority); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// TestFaultMatrix breaks each call in each way, once and for the whole run, and checks
// what the provider promises. The guide has the results.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	var trapped atomic.Int32
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { trapped.Add(1) }))
	t.Cleanup(trap.Close)
	tables := matrix(t, trap.URL, false)
	if n := trapped.Load(); n > 0 {
		t.Errorf("%d calls went to another host", n)
	}
	compare(t, tables)
}

// Faults have the same results over HTTP/2.
func TestFaultMatrixOverHTTP2(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: over HTTP/1.1 only")
	}
	if runtime.GOOS != "linux" {
		t.Skip("the test server's authority is given by SSL_CERT_FILE, which Go asks on Linux")
	}
	compare(t, matrix(t, "http://127.0.0.1:1", true))
}

func compare(t *testing.T, tables []*table) {
	t.Helper()
	for _, found := range tables {
		guide.Compare(t, "FAULTS.md", found.name, found.String())
	}
}

// matrix breaks all calls, and returns the results: with -short only of the first table.
func matrix(t *testing.T, elsewhere string, http2 bool) []*table {
	t.Helper()
	var all []row
	for _, f := range tokentest.Faults(elsewhere) {
		all = append(all, row{Fault: f})
	}
	all = append(all, oddities()...)
	tables := []*table{
		{name: "faults that happen once", title: "A fault that happens once"},
		{name: "faults that last", title: "A fault that lasts through the run", lasting: true},
	}
	if testing.Short() {
		tables = tables[:1]
	}
	var group errgroup.Group
	group.SetLimit(100) // most of them wait
	for _, table := range tables {
		for _, f := range all {
			switch isRefused := f.Does == nil; {
			case table.lasting && f.onlyOnce:
			case !table.lasting && isRefused: // nobody refuses a connection once
			default:
				table.rows = append(table.rows, f)
			}
		}
		table.cells = make([][]string, len(table.rows))
		for i, f := range table.rows {
			table.cells[i] = make([]string, len(operations()))
			for j, op := range operations() {
				if f.notFor != nil && f.notFor(op) {
					continue
				}
				group.Go(func() error {
					table.cells[i][j] = (&cell{t: t, fault: f, op: op, lasting: table.lasting, http2: http2}).run()
					return nil
				})
			}
		}
	}
	_ = group.Wait()
	return tables
}
