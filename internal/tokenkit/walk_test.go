package tokenkit_test

import (
	"context"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
)

// walk is a token resource and all that happens to it, chosen at random. It knows what
// should be true after each step.
type walk struct {
	*rapid.T
	scheduled
	keys []any
	// disowned are tokens that no state has, and that a message has named or that were taken
	// out of the state.
	disowned map[string]bool
	// broken are tokens whose secret in the state somebody else has ended, and odd is set
	// from such a step, or from a fault, until an apply that refreshed has succeeded.
	broken map[string]bool
	odd    bool
	// config is that of the last apply that succeeded.
	config map[string]any
}

// Whatever happens, in whatever order: a plan announces what its apply ends, does what it
// says, leaves no token without an owner and no invalid secret, and then there is nothing
// left to do. The walks are the same in each run: `make walk` tries others.
func TestWalk(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"rapid.seed": "1", "rapid.checks": "20", "rapid.nofailfile": "true"} {
		if f := flag.Lookup(name); f.Value.String() == f.DefValue {
			if err := f.Value.Set(value); err != nil {
				t.Fatal(err)
			}
		}
	}
	keys := []any{tokentest.AgeIdentity(t).Recipient().String(), tokentest.AgeIdentity(t).Recipient().String()}
	for _, typeName := range []string{"cloudfleet_api_token", "cloudfleet_rotating_api_token"} {
		t.Run(typeName, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(r *rapid.T) {
				cloud := acctest.Start(t, mockserver.Options{})
				s := scheduled{protocoltest.Start(t, cloud, nil).Resource(typeName), t, cloud, typeName}
				w := &walk{T: r, scheduled: s, keys: keys, disowned: map[string]bool{}, broken: map[string]bool{}}
				r.Repeat(map[string]func(*rapid.T){
					"apply": w.applies, "destroy": w.destroys, "console": w.console, "import": w.imports, "move": w.moves, "time": w.passes,
					"": w.check,
				})
			})
		})
	}
}

func (w *walk) isPair() bool { return w.typeName == "cloudfleet_rotating_api_token" }

// ids are the tokens in the state.
func (w *walk) ids() (ids []string) {
	for _, name := range []string{"id", "token_id", "previous_token_id"} {
		if id := w.Text(name); id != "" && !slices.Contains(ids, id) && (name != "id" || !w.isPair()) {
			ids = append(ids, id)
		}
	}
	return ids
}

// draw returns a configuration.
func (w *walk) draw() map[string]any {
	to := func(keys ...any) any { return map[string]any{"age_recipients": keys} }
	c := map[string]any{}
	for _, argument := range []struct {
		name   string
		values []any
	}{
		{"name", []any{"ci", "cd"}},
		{"role", []any{"User", "Administrator"}},
		{"rotation_trigger", []any{nil, "a", "b"}},
		{"rotate_after_days", []any{nil, 7, 30}},
		{"verify_secret", []any{nil, true}},
		{"encrypt_to", []any{nil, nil, to(w.keys[0]), to(w.keys[0], w.keys[1])}},
		{"keep_previous", []any{nil, false}},
	} {
		// Most arguments stay as they were, as in a pull request.
		if kept, isSet := w.config[argument.name]; isSet && rapid.IntRange(0, 3).Draw(w.T, argument.name+" changes") > 0 {
			c[argument.name] = kept
		} else if argument.name != "keep_previous" || w.isPair() {
			c[argument.name] = rapid.SampledFrom(argument.values).Draw(w.T, argument.name)
		}
	}
	return c
}

// fault lets the write with this number, from 1, fail in one of the ways.
func (w *walk) fault() (isSet bool) {
	at := rapid.IntRange(-6, 3).Draw(w.T, "write that fails")
	if at < 1 {
		return false
	}
	acts := rapid.Bool().Draw(w.T, "the server acts")
	var n atomic.Int32
	w.cloud.Intercept(func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet || int(n.Add(1)) != at {
				api.ServeHTTP(rw, r)
				return
			}
			if acts {
				api.ServeHTTP(httptest.NewRecorder(), r)
			}
			rw.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(rw, `{"code": "internal", "message": "No."}`)
		})
	})
	return true
}

// applies plans and applies, mostly after a refresh.
func (w *walk) applies(*rapid.T) { w.run(w.draw()) }

func (w *walk) destroys(*rapid.T) {
	if w.State() == nil {
		w.Skip("there is nothing")
	}
	w.run(nil)
}

func (w *walk) run(config map[string]any) {
	ctx := context.Background()
	refreshed := rapid.IntRange(0, 3).Draw(w.T, "without a refresh") > 0
	var said protocoltest.Diags
	if refreshed && w.State() != nil {
		said = w.Refresh(ctx)
		if said.HasError() {
			w.Fatalf("the refresh fails: %s", said)
		}
	}
	if config == nil && w.State() == nil {
		return
	}
	before := w.ids()
	wasTainted := w.Tainted()
	_, planned := w.Plan(ctx, config)
	w.cloud.ForgetRequests()
	failing := w.fault()
	applied := w.Apply(ctx, config)
	w.cloud.Intercept(nil)
	said = append(said, append(planned, applied...)...)
	text := said.String()
	writes := w.cloud.Writes()
	ends := ended(writes)
	if strings.Contains(text, "inconsistent") || strings.Contains(text, "invalid result") || strings.Contains(text, "report this as a bug") {
		w.Fatalf("it is not as planned: %s", text)
	}
	if (applied.HasError() || planned.HasError()) && !failing && !w.odd {
		w.Fatalf("it fails without a cause: %s", text)
	}
	isDestroy := config == nil || wasTainted // of which Terraform itself tells
	if want := announced(planned); !isDestroy && !failing && !applied.HasError() && !slices.Equal(want, ends) {
		w.Fatalf("announced are %v, and it has sent %v: %s", want, writes, text)
	}
	for _, id := range ends {
		delete(w.broken, id)
	}
	for _, id := range before {
		if !slices.Contains(w.ids(), id) && strings.Contains(text, id) {
			w.disowned[id] = true
		}
	}
	for _, token := range w.cloud.Issued() {
		isLost := failing && strings.Contains(text, "may have created the token")
		if !slices.Contains(w.ids(), token.ID) && (isLost || strings.Contains(text, token.ID)) {
			w.disowned[token.ID] = true
		}
	}
	if failing || applied.HasError() {
		w.odd = true
		for _, id := range append(before, w.ids()...) {
			if applied.HasError() {
				w.broken[id] = true
			}
		}
		return
	}
	w.config = config
	if config == nil {
		w.odd = false
		return
	}
	if refreshed {
		w.odd = false
	}
	if refreshed && config["rotate_after_days"] != nil && w.State()["rotation_due"] == nil {
		w.Fatalf("it is never due: %v", w.State())
	}
	for _, again := range []bool{false, true} {
		if again {
			if !refreshed {
				break // which decides what is due
			}
			if diags := w.Refresh(ctx); diags.HasError() {
				w.Fatalf("the next refresh fails: %s", diags)
			}
		}
		if w.odd || w.broken[w.idOf()] {
			continue // verify_secret may find it
		}
		if planned, diags := w.Plan(ctx, config); diags.HasError() || !reflect.DeepEqual(planned, w.State()) {
			w.Fatalf("the next plan, after a refresh: %t, is %v of %v: %s", again, planned, w.State(), diags)
		}
	}
}

// console is what somebody does elsewhere.
func (w *walk) console(*rapid.T) {
	ids := w.ids()
	if len(ids) == 0 {
		w.Skip("there is nothing")
	}
	id := rapid.SampledFrom(ids).Draw(w.T, "token")
	does := rapid.SampledFrom([]string{"regenerate", "delete", "rename"}).Draw(w.T, "console")
	isThere := slices.ContainsFunc(w.cloud.Issued(), func(t mockserver.Token) bool { return t.ID == id })
	if !isThere {
		w.Skip("it is gone")
	}
	switch does {
	case "regenerate":
		tokentest.Call(w.t, w.cloud, http.MethodPost, "/tokens/"+id+"/regenerate", "")
	case "delete":
		tokentest.Call(w.t, w.cloud, http.MethodDelete, "/tokens/"+id, "")
	case "rename":
		tokentest.Call(w.t, w.cloud, http.MethodPut, "/tokens/"+id, `{"name": "elsewhere", "role": "User"}`)
	}
	w.odd = true
	w.broken[id] = true
}

// imports is a state rm and an import of the same tokens, or of the current one.
func (w *walk) imports(*rapid.T) {
	ids := w.ids()
	if len(ids) == 0 || w.odd || w.Tainted() {
		w.Skip("there is nothing, or not all of it")
	}
	if !w.isPair() || rapid.Bool().Draw(w.T, "one of them") {
		for _, id := range ids[1:] {
			w.disowned[id] = true
		}
		ids = ids[:1]
	}
	if diags := w.Import(context.Background(), strings.Join(ids, ",")); diags.HasError() {
		w.Fatalf("the import of %v fails: %s", ids, diags)
	}
	w.odd = true // the next apply may change what is not known
}

// moves is a moved block to the other type, and back.
func (w *walk) moves(*rapid.T) {
	if w.State() == nil || w.Tainted() || w.odd {
		w.Skip("there is nothing")
	}
	ids := w.ids()
	to := "cloudfleet_rotating_api_token"
	if w.isPair() {
		to = "cloudfleet_api_token"
	}
	diags := w.MoveTo(context.Background(), to, rapid.Bool().Draw(w.T, "keeps the identity"))
	if diags.HasError() {
		if len(ids) < 2 || !w.isPair() {
			w.Fatalf("the move of %v fails: %s", ids, diags)
		}
		return
	}
	w.typeName = to
	for _, id := range ids[1:] {
		w.disowned[id] = true
	}
	w.config = nil
	w.odd = true
}

// passes lets days pass.
func (w *walk) passes(*rapid.T) {
	if w.State() == nil {
		w.Skip("there is nothing")
	}
	w.age(time.Duration(rapid.IntRange(1, 40).Draw(w.T, "days")) * day)
}

// check is what is true after each step.
func (w *walk) check(*rapid.T) {
	ids := w.ids()
	for _, token := range w.cloud.Issued() {
		if !slices.Contains(ids, token.ID) && !w.disowned[token.ID] {
			w.Fatalf("nobody owns %s %q: the state has %v", token.ID, token.Name, ids)
		}
	}
	if w.State() == nil {
		return
	}
	if len(w.Identity()) == 0 {
		w.Fatalf("it has no identity: %v", w.State())
	}
	for name, id := range map[string]string{"secret": w.idOf(), "previous_secret": w.Text("previous_token_id")} {
		if secret := w.Text(name); secret != "" && !w.broken[id] && !w.cloud.Accepts(id, secret) {
			w.Fatalf("the %s of %s is invalid", name, id)
		}
	}
}
