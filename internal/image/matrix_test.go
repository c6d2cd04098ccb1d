package image_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/roundtrip"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/guide"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
)

// faults are what a registry may do instead of an answer.
var faults = map[string]func(next http.Handler, w http.ResponseWriter, r *http.Request){
	"connection cut": func(http.Handler, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	"connection cut after the registry acted": func(next http.Handler, _ http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	},
	"no answer": func(_ http.Handler, _ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	},
	"page of HTML": func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html>Log in</html>")
	},
	"another digest": func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		rewritten(next, w, r, func(a *httptest.ResponseRecorder) {
			if a.Header().Get("Docker-Content-Digest") != "" {
				a.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("0", 64))
			}
		})
	},
	"neither digest nor length": func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		rewritten(next, w, r, func(a *httptest.ResponseRecorder) {
			a.Header().Del("Docker-Content-Digest")
			a.Header().Del("Content-Length")
		})
	},
	"answer cut short": func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		rewritten(next, w, r, func(a *httptest.ResponseRecorder) {
			a.Header().Set("Content-Length", strconv.Itoa(a.Body.Len()))
			a.Body.Truncate(a.Body.Len() / 2)
		})
	},
	"redirect to another host": func(_ http.Handler, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://192.0.2.1/elsewhere", http.StatusTemporaryRedirect)
	},
}

func init() {
	for _, status := range []int{400, 401, 403, 404, 405, 413, 429, 500, 503} {
		faults[strconv.Itoa(status)] = func(_ http.Handler, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
	}
}

// rewritten changes an answer.
func rewritten(next http.Handler, w http.ResponseWriter, r *http.Request, change func(*httptest.ResponseRecorder)) {
	a := httptest.NewRecorder()
	next.ServeHTTP(a, r)
	change(a)
	maps.Copy(w.Header(), a.Header())
	w.WriteHeader(a.Code)
	_, _ = w.Write(a.Body.Bytes())
}

// matrixCell is a fault of one request of an operation.
type matrixCell struct {
	copies
	op string
	// before is the configuration that was applied until then, nil if there was none, and
	// goal the one to apply. Nil is a destroy.
	before, goal map[string]any
	fault        string
	// number is that of the request, at our registry or at the source.
	number   int32
	atSource bool
}

// intercept lets the fault answer the request with the cell's number, and counts.
func (c *matrixCell) intercept() *atomic.Int32 {
	var n atomic.Int32
	cloud := c.ours
	if c.atSource {
		cloud = c.theirs
	}
	cloud.InterceptRegistry(func(registry http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n.Add(1) == c.number {
				faults[c.fault](registry, w, r)
				return
			}
			registry.ServeHTTP(w, r)
		})
	})
	return &n
}

// apply is a run: perhaps a refresh, and an apply. Nil destroys.
func apply(ctx context.Context, r *protocoltest.Resource, config map[string]any, refreshes bool) (diags protocoltest.Diags) {
	if refreshes && r.State() != nil {
		if diags = r.Refresh(ctx); diags.HasError() {
			return diags
		}
	}
	if r.State() == nil && config == nil {
		return diags
	}
	return append(diags, r.Apply(ctx, config)...)
}

// Each request of each operation may fail in each way, at both registries. The result is
// what was wanted, perhaps with a warning, or an error that names the registry and the next
// step; and the next run ends as wanted.
func TestRegistryFaultMatrix(t *testing.T) {
	operations := []struct {
		name     string
		atSource bool
		before   []any // tags
		goal     []any // nil is a destroy
	}{
		{"copy: the source", true, nil, []any{"v1"}},
		{"copy: Cloudfleet", false, nil, []any{"v1"}},
		{"refresh", false, []any{"v1"}, []any{"v1"}},
		{"add a tag", false, []any{"v1"}, []any{"v1", "v2"}},
		{"remove a tag", false, []any{"v1", "v2"}, []any{"v1"}},
		{"destroy", false, []any{"v1"}, nil},
	}
	names := slices.Sorted(maps.Keys(faults))
	cells := make([][]string, len(operations)) // by operation, then fault
	t.Run("operations", func(t *testing.T) {
		for i, op := range operations {
			t.Run(op.name, func(t *testing.T) {
				t.Parallel()
				c := copies{t, acctest.Start(t, mockserver.Options{}), acctest.Start(t, mockserver.Options{}), nil}
				push(t, c.theirs, "europe", "base", "v1", "linux/amd64", "linux/arm64")
				cell := matrixCell{copies: c, op: op.name, atSource: op.atSource}
				if op.before != nil {
					cell.before = c.config(":v1", map[string]any{"tags": op.before})
				}
				if op.goal != nil {
					cell.goal = c.config(":v1", map[string]any{"tags": op.goal})
				}
				// The clock jumps: a registry that never answers takes ten minutes.
				synctest.Test(t, func(t *testing.T) {
					cell.t = t
					for _, cell.fault = range names {
						cells[i] = append(cells[i], cell.outcomes())
					}
				})
			})
		}
	})
	if t.Failed() || testing.Short() {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| fault |")
	for _, op := range operations {
		fmt.Fprintf(&b, " %s |", op.name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(operations)) + "\n")
	for i, name := range names {
		fmt.Fprintf(&b, "| %s |", name)
		for _, column := range cells {
			fmt.Fprintf(&b, " %s |", column[i])
		}
		b.WriteByte('\n')
	}
	guide.Compare(t, "../testkit/faultmatrix/FAULTS.md", "faults of images", b.String())
}

// outcomes tries the fault with each request, with -short with a fourth of them.
func (c *matrixCell) outcomes() string {
	c.t.Helper()
	seen := map[string]bool{}
	for c.number = 1; ; c.number++ {
		outcome, isLast := c.outcome()
		if isLast {
			return strings.Join(slices.Sorted(maps.Keys(seen)), " or ")
		}
		if seen[outcome] = true; testing.Short() {
			c.number += 3
		}
	}
}

// run is the provider of a new run, without retries and without a network.
func (c copies) run() *protocoltest.Provider {
	return protocoltest.StartOver(c.t, c, c.ours, map[string]any{"registry_domain": c.ours.RegistryDomain})
}

// RoundTrip is the network: it knows only the two organizations.
func (c copies) RoundTrip(req *http.Request) (*http.Response, error) {
	to := mockserver.InMemory{Handler: c.ours.Server}
	switch host := req.URL.Hostname(); {
	case strings.HasPrefix(host, c.theirs.OrganizationID):
		to.Handler = c.theirs.Server
	case !roundtrip.IsLoopback(host):
		return nil, fmt.Errorf("there is no %s", host)
	}
	return to.RoundTrip(req)
}

// outcome runs the operation with the fault, and without it. isLast is set if there were
// fewer requests.
func (c *matrixCell) outcome() (outcome string, isLast bool) {
	t := c.t
	t.Helper()
	c.provider = c.run()
	r := c.image()
	if c.before != nil {
		if diags := apply(t.Context(), r, c.before, true); diags.HasError() {
			t.Fatal(diags)
		}
	}
	c.provider = c.run()
	r.Use(c.provider)
	n := c.intercept()
	diags := apply(t.Context(), r, c.goal, true)
	c.ours.InterceptRegistry(nil)
	c.theirs.InterceptRegistry(nil)
	defer c.ours.ForgetImages()
	if n.Load() < c.number {
		return "", true
	}
	where := fmt.Sprintf("%s, request %d of the source: %t, %s", c.op, c.number, c.atSource, c.fault)
	host := c.ourHost()
	if c.atSource {
		host = c.sourceHost()
	}
	outcome = "done"
	switch text := diags.String(); {
	case diags.HasError():
		outcome = "error"
		if !strings.Contains(text, host) || strings.Contains(text, "report this as a bug") {
			t.Errorf("%s: the error does not name %s, or the next step: %s", where, host, text)
		}
	case len(diags) > 0:
		outcome = "done, warned"
	}
	for _, tag := range []string{"v1", "v2"} {
		goal, _ := c.goal["tags"].([]any)
		want := ""
		if slices.Contains(goal, any(tag)) {
			want = r.Text("digest")
		}
		if found := c.resolve(tag); outcome == "done" && found != want {
			t.Errorf("%s: it says that it is done, and the tag %s is %q, not %q", where, tag, found, want)
		}
	}
	// The next run ends as wanted.
	c.provider = c.run()
	r.Use(c.provider)
	if diags := apply(t.Context(), r, c.goal, true); diags.HasError() {
		t.Errorf("%s: the next run fails: %s", where, diags)
		return outcome, false
	}
	if c.goal == nil {
		if r.State() != nil || c.resolve("v1") != "" {
			t.Errorf("%s: the next run has left %v", where, r.State())
		}
		return outcome, false
	}
	planned, diags := r.Plan(t.Context(), c.goal)
	if diags.HasError() || !reflect.DeepEqual(planned, r.State()) {
		t.Errorf("%s: then the plan is %v of %v. %s", where, planned, r.State(), diags)
	}
	return outcome, false
}
