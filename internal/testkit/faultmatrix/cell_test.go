package faultmatrix_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/canary"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

const (
	// shortTimeout is for faults that a timeout ends. In quick tests a machine is less
	// busy than with a CLI.
	shortTimeout = 15 * time.Second
	quickTimeout = 8 * time.Second
	// The consequences that messages must report.
	mayExist     = "Cloudfleet may have created the token"
	mayBeRevoked = "secret may be revoked already"
)

// cell is one fault in one operation.
type cell struct {
	t       *testing.T
	fault   row
	op      operation
	lasting bool
	http2   bool
	cloud   *acctest.Cloud
	token   *protocoltest.Resource
	calls   atomic.Int32
	log     *protocoltest.Log
}

func (c *cell) errorf(format string, args ...any) {
	c.t.Helper()
	c.t.Errorf("%s, %s, lasting %t: %s", c.op.name, c.fault.Name, c.lasting, fmt.Sprintf(format, args...))
}

// provider is the provider as a CLI starts it for one run, with short waits if it meets a
// fault.
func (c *cell) provider(endpoint string, meetsFault bool) *protocoltest.Provider {
	arguments := map[string]any{"endpoint": endpoint, "max_retries": 1}
	if meetsFault && slices.Contains(c.fault.Says, tokentest.NoWhole) {
		timeout := shortTimeout
		if testing.Short() {
			timeout = quickTimeout
		}
		arguments["request_timeout"] = timeout.String()
	}
	return protocoltest.Start(c.t, c.cloud, arguments)
}

func (c *cell) run() string {
	ctx, log := protocoltest.Logged(c.t.Context())
	c.log = log
	options := mockserver.Options{IgnoreIdempotencyKey: c.op.ignoreKey}
	refuses := "http://127.0.0.1:1/v1" // nobody listens there
	if c.http2 {
		c.cloud, refuses = acctest.StartHTTP2(c.t, options), "https://127.0.0.1:1/v1"
	} else {
		c.cloud = acctest.Start(c.t, options)
	}
	c.token = c.provider(c.cloud.Endpoint, false).Resource(c.op.resource)
	for _, config := range c.op.before {
		if diags := append(c.token.Refresh(ctx), c.token.Apply(ctx, config)...); diags.HasError() {
			c.errorf("it could not begin: %s", diags)
		}
	}
	before, serverBefore := c.token.State(), c.server()

	endpoint := c.cloud.Endpoint
	if c.fault.Does == nil {
		endpoint = refuses
	}
	c.cloud.Intercept(c.inject())
	broken := c.provider(endpoint, true)
	c.token.Use(broken)
	told := c.op.do(ctx, broken, c.token)
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

// inject breaks the first call of the operation, or all calls if the fault lasts.
func (c *cell) inject() func(http.Handler) http.Handler {
	call := c.op.call
	for id := range slots[c.op.resource] {
		call = strings.ReplaceAll(call, "{"+id+"}", c.token.Text(id))
	}
	return func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			isCall := r.Method+" "+r.URL.Path == call && (c.calls.Add(1) == 1 || c.lasting)
			if isCall || c.fault.organization && r.URL.Path == "/v1/organization" {
				c.fault.Does(api, w, r)
				return
			}
			api.ServeHTTP(w, r)
		})
	}
}

// server describes the server: the tokens, and whether the secrets in the state are
// valid.
func (c *cell) server() string {
	var valid []string
	for id, secret := range slots[c.op.resource] {
		valid = append(valid, id+strconv.FormatBool(c.cloud.Accepts(c.token.Text(id), c.token.Text(secret))))
	}
	slices.Sort(valid)
	s := strings.Join(valid, " ")
	for _, token := range c.cloud.Issued() {
		s += fmt.Sprintf(" %s %q", token.ID, token.Name)
	}
	return s
}

// outcome is the result of the run in the guide.
func (c *cell) outcome(told protocoltest.Diags, before map[string]any, serverBefore string) string {
	acted := c.server() != serverBefore && c.fault.Name != tokentest.DeletedElsewhere
	isNew := !reflect.DeepEqual(c.token.State(), before)
	warned := slices.ContainsFunc(told, isAboutTheFault)
	switch {
	case told.HasError() && isNew && !c.token.Tainted() && c.op.resource == single:
		c.errorf("an error and a new state: %v", c.token.State())
		return "error"
	case told.HasError() && acted:
		return "error, acted"
	case told.HasError():
		return "error"
	case before != nil && c.token.State() == nil && c.op.goal != nil:
		return "removed"
	case warned && c.calls.Load() > 1:
		return "again, warned"
	case warned:
		return "done, warned"
	case c.calls.Load() > 1:
		return "again"
	default:
		return "done"
	}
}

// isAboutTheFault reports whether a warning appears only with a fault.
func isAboutTheFault(d *tfprotov6.Diagnostic) bool {
	return !strings.Contains(d.Summary, "The apply revokes") && !strings.Contains(d.Summary, "The secret of the imported")
}

// mustSay checks that the messages report what happened to the secrets.
func (c *cell) mustSay(told protocoltest.Diags) {
	text := told.String()
	if told.HasError() {
		says := c.fault.Says
		if c.fault.Name == tokentest.DeletedElsewhere && c.op.name == "import" {
			says = []string{"Cannot import API token"}
		}
		for _, part := range says {
			// A busy machine may not answer a ping in time.
			isLost := c.http2 && part == tokentest.NoWhole && strings.Contains(text, "client connection lost")
			if !isLost && !strings.Contains(strings.ToLower(text), strings.ToLower(part)) {
				c.errorf("the error does not say %q: %s", part, text)
			}
		}
	}
	for id, secret := range slots[c.op.resource] {
		token := c.token.Text(id)
		revoked := token != "" && strings.Contains(c.server(), token) && !c.cloud.Accepts(token, c.token.Text(secret))
		if revoked && !strings.Contains(text, mayBeRevoked) {
			c.errorf("the %s in the state is revoked, and nobody says so: %s", secret, text)
		}
	}
	if strings.Contains(text, mayBeRevoked) && !strings.HasSuffix(c.op.call, "/regenerate") {
		c.errorf("told of a revoked secret: %s", text)
	}
}

// mustAgree compares the state with the server, and the messages with what is left at the
// server.
func (c *cell) mustAgree(told string) {
	state := c.token.State()
	if (state == nil) != (c.op.goal == nil) {
		c.errorf("the state is %v", state)
		return
	}
	for _, token := range c.cloud.Issued() {
		isOurs := false
		for id := range slots[c.op.resource] {
			isOurs = isOurs || token.ID == c.token.Text(id)
		}
		switch {
		case isOurs && state["name"] != c.op.goal["name"], isOurs && token.Name != state["name"] && !c.fault.respells:
			c.errorf("the server has the name %q, the state %q", token.Name, state["name"])
		case !isOurs && !strings.Contains(told, token.ID) && !strings.Contains(told, mayExist):
			c.errorf("there is another token, and nobody says so: %s", told)
		}
	}
	if state == nil {
		return
	}
	for id, secret := range slots[c.op.resource] {
		if c.token.Text(id) != "" && !c.cloud.Accepts(c.token.Text(id), c.token.Text(secret)) {
			c.errorf("the %s in the state is not accepted", secret)
		}
	}
	planned, diags := c.token.Plan(c.t.Context(), c.op.goal)
	if len(diags) > 0 || !reflect.DeepEqual(planned, state) {
		c.errorf("there is still something to change: %v, %s", planned, diags)
	}
}

// mustBeSilent searches for secrets in all messages and logs.
func (c *cell) mustBeSilent(told string) {
	if !strings.Contains(c.log.String(), "called the Cloudfleet API") || !strings.Contains(c.log.String(), "Calling provider defined") {
		c.errorf("the log is not one: %s", c.log)
	}
	for _, secret := range canary.New(c.cloud.Secrets()...).Find(told + c.log.String()) {
		c.errorf("a secret shows, %s", secret)
	}
}
