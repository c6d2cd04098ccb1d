package apitoken_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/canary"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
)

const (
	// shortTimeout is for faults that it ends, so that a busy machine does not add
	// time-outs to the others.
	shortTimeout = 3 * time.Second
	// matrixLimit is of a run with one retry: two time-outs, the wait between, and
	// time for a busy machine.
	matrixLimit = 20 * time.Second
	// The consequences that a user must be told of.
	mayExist  = "Cloudfleet may have created the token all the same"
	mayBeDead = "The old secret may be revoked already"
)

func arguments(name, trigger string) map[string]any {
	return map[string]any{"name": name, "role": "User", "rotation_trigger": trigger}
}

// operation is a column of the matrix. It begins with the token of goal's state
// before, unless there is none.
type operation struct {
	name      string
	ignoreKey bool
	// call is what is sent, an ID standing as {id}.
	call string
	// before is what is there when the operation begins, and goal what it is to
	// come to; nil is nothing.
	before, goal map[string]any
	do           func(context.Context, *protocoltest.Provider, *protocoltest.Resource) protocoltest.Diags
}

func apply(config map[string]any) func(context.Context, *protocoltest.Provider, *protocoltest.Resource) protocoltest.Diags {
	return func(ctx context.Context, _ *protocoltest.Provider, r *protocoltest.Resource) protocoltest.Diags {
		return r.Apply(ctx, config)
	}
}

func operations() []operation {
	a, b, renamed := arguments("ci", "a"), arguments("ci", "b"), arguments("renamed", "a")
	return []operation{
		{"create", false, "POST /v1/tokens", nil, a, apply(a)},
		{"create, key ignored", true, "POST /v1/tokens", nil, a, apply(a)},
		{"read", false, "GET /v1/tokens/{id}", a, a, func(ctx context.Context, _ *protocoltest.Provider, r *protocoltest.Resource) protocoltest.Diags {
			return r.Refresh(ctx)
		}},
		{"rename", false, "PUT /v1/tokens/{id}", a, renamed, apply(renamed)},
		{"regenerate", false, "POST /v1/tokens/{id}/regenerate", a, b, apply(b)},
		{"delete", false, "DELETE /v1/tokens/{id}", a, nil, apply(nil)},
		{"list", false, "GET /v1/tokens", a, a, func(ctx context.Context, p *protocoltest.Provider, r *protocoltest.Resource) protocoltest.Diags {
			got, diags := p.Data(ctx, "cloudfleet_api_tokens", map[string]any{"name_prefix": "ci"})
			if tokens, _ := got["tokens"].([]any); !diags.HasError() && len(tokens) != 1 {
				panic(fmt.Sprintf("listed %v of %s", tokens, r.Text("id")))
			}
			return diags
		}},
		{"import", false, "GET /v1/tokens/{id}", a, a, func(ctx context.Context, p *protocoltest.Provider, r *protocoltest.Resource) protocoltest.Diags {
			return p.Resource("cloudfleet_api_token").Import(ctx, r.Text("id"))
		}},
	}
}

// TestFaultMatrix breaks each call in each way, once and for as long as the run
// lasts, and holds what becomes of it against what the provider promises. The
// guide shows what it found.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	var trapped atomic.Int32
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { trapped.Add(1) }))
	t.Cleanup(trap.Close)
	all := faults(trap.URL)
	tables := []*table{
		{title: "A fault that happens once", rows: all[1:]}, // nobody refuses a connection once
		{title: "A fault that lasts through the run", rows: all, lasting: true},
	}
	var group errgroup.Group
	group.SetLimit(100) // most of them wait
	for _, table := range tables {
		table.cells = make([][]string, len(table.rows))
		for i, f := range table.rows {
			table.cells[i] = make([]string, len(operations()))
			for j, op := range operations() {
				group.Go(func() error {
					table.cells[i][j] = (&cell{t: t, fault: f, op: op, lasting: table.lasting}).run()
					return nil
				})
			}
		}
	}
	_ = group.Wait()
	if n := trapped.Load(); n > 0 {
		t.Errorf("%d calls went to another host", n)
	}
	compareWithGuide(t, "../../templates/guides/faults.md.tmpl", fmt.Sprintf("%s\n%s", tables[0], tables[1]))
}

// cell is one fault in one operation.
type cell struct {
	t       *testing.T
	fault   fault
	op      operation
	lasting bool
	cloud   *acctest.Cloud
	token   *protocoltest.Resource
	calls   atomic.Int32
	log     *protocoltest.Log
}

func (c *cell) errorf(format string, args ...any) {
	c.t.Helper()
	c.t.Errorf("%s, %s, lasting %t: %s", c.op.name, c.fault.Name, c.lasting, fmt.Sprintf(format, args...))
}

// provider is the provider as a CLI starts it for one run. Where a fault is met, it
// waits no longer than it has to.
func (c *cell) provider(endpoint string, meetsFault bool) *protocoltest.Provider {
	arguments := map[string]any{"endpoint": endpoint, "max_retries": 1}
	if meetsFault && slices.Contains(c.fault.Says, noWhole) {
		arguments["request_timeout"] = shortTimeout.String()
	}
	return protocoltest.Start(c.t, c.cloud, arguments)
}

func (c *cell) run() string {
	ctx, log := protocoltest.Logged(c.t.Context())
	c.log = log
	c.cloud = acctest.Start(c.t, mockserver.Options{IgnoreIdempotencyKey: c.op.ignoreKey})
	good := c.provider(c.cloud.Endpoint, false)
	c.token = good.Resource("cloudfleet_api_token")
	if diags := c.token.Apply(ctx, c.op.before); len(diags) > 0 {
		c.errorf("it could not begin: %s", diags)
	}
	before, serverBefore := c.token.State(), c.server()

	endpoint := c.cloud.Endpoint
	if c.fault.Does == nil {
		endpoint = "http://127.0.0.1:1/v1" // nobody listens there
	}
	c.cloud.Intercept(c.inject())
	broken := c.provider(endpoint, true)
	c.token.Use(broken)
	begin := time.Now()
	told := c.op.do(ctx, broken, c.token)
	if took := time.Since(begin); took > matrixLimit {
		c.errorf("it took %s", took)
	}
	c.cloud.Intercept(nil)
	outcome := c.outcome(told, before, serverBefore)
	c.mustSay(told)

	after := c.provider(c.cloud.Endpoint, false)
	c.token.Use(after)
	healed := c.token.Refresh(ctx)
	if c.op.goal != nil || len(c.cloud.Issued()) > 0 {
		healed = append(healed, c.token.Apply(ctx, c.op.goal)...)
	}
	if again := c.op.do(ctx, after, c.token); again.HasError() {
		healed = append(healed, again...)
	}
	if healed.HasError() {
		c.errorf("one more apply does not help: %s", healed)
	}
	c.mustAgree(told.String() + healed.String())
	c.mustBeSilent(told.String() + healed.String())
	return outcome
}

// inject breaks the first call of the operation, or all if the fault is lasting.
func (c *cell) inject() func(http.Handler) http.Handler {
	call := strings.Replace(c.op.call, "{id}", c.token.Text("id"), 1)
	return func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method+" "+r.URL.Path == call && (c.calls.Add(1) == 1 || c.lasting) {
				c.fault.Does(api, w, r)
				return
			}
			api.ServeHTTP(w, r)
		})
	}
}

// server is what the server has: the tokens, and whether the state's secret is good.
func (c *cell) server() string {
	s := strconv.FormatBool(c.cloud.Accepts(c.token.Text("id"), c.token.Text("secret")))
	for _, token := range c.cloud.Issued() {
		s += fmt.Sprintf(" %s %q", token.ID, token.Name)
	}
	return s
}

// outcome is what the document says of the run.
func (c *cell) outcome(told protocoltest.Diags, before map[string]any, serverBefore string) string {
	switch acted := c.server() != serverBefore; {
	case told.HasError() && acted && c.fault.Name != deletedElsewhere:
		return "error, acted"
	case told.HasError():
		if !reflect.DeepEqual(c.token.State(), before) {
			c.errorf("an error and a new state: %v", c.token.State())
		}
		return "error"
	case slices.ContainsFunc(told, isAboutTheFault):
		return "again, warned"
	case before != nil && c.token.State() == nil && c.op.goal != nil:
		return "removed"
	case c.calls.Load() > 1:
		return "again"
	default:
		return "done"
	}
}

// isAboutTheFault reports whether a warning comes only where a fault was met.
func isAboutTheFault(d *tfprotov6.Diagnostic) bool {
	return !strings.Contains(d.Summary, "The apply revokes") && !strings.Contains(d.Summary, "The secret of the imported")
}

// mustSay holds what the user is told against what has become of the secrets.
func (c *cell) mustSay(told protocoltest.Diags) {
	text := told.String()
	if told.HasError() {
		says := c.fault.Says
		if c.fault.Name == deletedElsewhere && c.op.name == "import" {
			says = []string{"Cannot import non-existent remote object"} // as Terraform puts it
		}
		for _, part := range says {
			if !strings.Contains(strings.ToLower(text), strings.ToLower(part)) {
				c.errorf("the error does not say %q: %s", part, text)
			}
		}
	}
	if c.token.State() == nil {
		return
	}
	id := c.token.Text("id")
	exists := strings.Contains(c.server(), id)
	if exists && !c.cloud.Accepts(id, c.token.Text("secret")) && !strings.Contains(text, mayBeDead) {
		c.errorf("the secret in the state is dead, and nobody says so: %s", text)
	}
	if exists && strings.Contains(text, mayBeDead) && c.op.name != "regenerate" {
		c.errorf("told of a dead secret: %s", text)
	}
}

// mustAgree holds the state against the server, and what is left at the server
// against what the user was told.
func (c *cell) mustAgree(told string) {
	state := c.token.State()
	if (state == nil) != (c.op.goal == nil) {
		c.errorf("the state is %v", state)
		return
	}
	known := false
	for _, token := range c.cloud.Issued() {
		switch {
		case token.ID == c.token.Text("id"):
			known = true
			if token.Name != state["name"] || token.Name != c.op.goal["name"] {
				c.errorf("the server has the name %q, the state %q", token.Name, state["name"])
			}
		case !strings.Contains(told, token.ID) && !strings.Contains(told, mayExist):
			c.errorf("there is another token, and nobody says so: %s", told)
		}
	}
	if state == nil {
		return
	}
	if !known || !c.cloud.Accepts(c.token.Text("id"), c.token.Text("secret")) {
		c.errorf("the token in the state is not accepted")
	}
	planned, diags := c.token.Plan(c.t.Context(), c.op.goal)
	if len(diags) > 0 || !reflect.DeepEqual(planned, state) {
		c.errorf("there is still something to change: %v, %s", planned, diags)
	}
}

// mustBeSilent looks for secrets in all that the user is told and all that is logged.
func (c *cell) mustBeSilent(told string) {
	if !strings.Contains(c.log.String(), "called the Cloudfleet API") || !strings.Contains(c.log.String(), "Calling provider defined") {
		c.errorf("the log is not one: %s", c.log)
	}
	for _, secret := range canary.New(c.cloud.Secrets()...).Find(told + c.log.String()) {
		c.errorf("a secret shows, %s", secret)
	}
}
