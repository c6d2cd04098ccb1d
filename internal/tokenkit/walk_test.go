package tokenkit_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cloudfleet"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/mockserver"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/protocoltest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/randomwalk"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/tokentest"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/tokenkit"
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
	// secrets are those that a state had before an import, by ID.
	secrets map[string]string
	// others is a token of the same name that belongs to somebody else.
	others cloudfleet.Token
	// data reads for the check, and gone says that the CLI of the run was killed.
	data *protocoltest.Provider
	gone *atomic.Bool
}

// How a run differs from a refresh, a plan and an apply. Most do not.
const (
	plainly     = "plainly"
	unknown     = "with a value that the plan does not know"
	tainted     = "with -replace"
	createFirst = "with create_before_destroy"
	later       = "with a saved plan, while somebody changes something"
	killed      = "and is killed"
)

// Whatever happens, in whatever order: a plan announces what its apply ends, does what it
// says, leaves no token without an owner and no invalid secret, and then there is nothing
// left to do. The walks are the same in each run: `make walk` tries others.
func TestWalk(t *testing.T) {
	t.Parallel()
	randomwalk.SetDefaults(t, map[string]string{"rapid.checks": "50"})
	keys := []any{tokentest.AgeIdentity(t).Recipient().String(), tokentest.AgeIdentity(t).Recipient().String()}
	for _, typeName := range []string{"cloudfleet_api_token", "cloudfleet_rotating_api_token"} {
		t.Run(typeName, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(r *rapid.T) {
				randomwalk.InBubble(t, func(t *testing.T) {
					cloud := acctest.StartInMemory(t, mockserver.Options{})
					gone := &atomic.Bool{}
					process := providerdata.ProcessUntil(gone.Load)
					process.Network = cloud.Client.Transport
					p := protocoltest.StartIn(t, process, cloud, nil)
					w := &walk{
						T: r, scheduled: scheduled{p.Resource(typeName), t, cloud, typeName}, keys: keys, data: p, gone: gone,
						disowned: map[string]bool{}, broken: map[string]bool{}, secrets: map[string]string{},
					}
					w.others = tokentest.Issue(t, cloud, "ci", cloudfleet.RoleUser)
					w.disowned[w.others.ID] = true
					r.Repeat(map[string]func(*rapid.T){
						"apply":   w.applies,
						"destroy": w.destroys,
						"console": w.console,
						"import":  w.imports,
						"move":    w.moves,
						"mistake": w.mistakes,
						"run":     w.runs,
						"time":    w.passes,
						"":        w.check,
					})
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
		{"secret_wo", []any{nil, "cf_secret_" + strings.Repeat("0", 32), w.secrets[w.idOf()]}},
		{"secret_wo_version", []any{nil, 1, 2}},
	} {
		if strings.HasPrefix(argument.name, "secret_wo") && w.secrets[w.idOf()] == "" {
			continue
		}
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
	fails := tokentest.Decline(http.StatusInternalServerError, "internal", nil)
	if acts {
		fails = tokentest.After(fails)
	}
	tokentest.BreakWrite(w.cloud, at-1, fails)
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
	before, version := w.ids(), w.State()["secret_wo_version"]
	how := w.how(config)
	if how == tainted {
		w.Taint()
	}
	isReplaced := config == nil || w.Tainted() || how == createFirst // of which Terraform itself tells
	mayFail := w.odd || how == later || how == killed || w.isRefused(config)

	shown := config
	if how == unknown {
		shown = maps.Clone(config)
		argument := rapid.SampledFrom(slices.Sorted(maps.Keys(shown))).Draw(w.T, "unknown")
		shown[argument] = protocoltest.Unknown
		if argument == "secret_wo" { // known in the plan, and null in the apply
			shown[argument], config[argument] = w.secrets[w.idOf()], nil
			mayFail = true
		}
	}
	first, planned := w.Plan(ctx, shown)
	if how == unknown && !planned.HasError() {
		if final, diags := w.Plan(ctx, config); !diags.HasError() && !w.Tainted() && !protocoltest.Narrows(first, final) {
			w.Fatalf("the final plan %v is not the first one %v", final, first)
		}
	}
	w.cloud.ForgetRequests()
	failing := how != killed && how != createFirst && how != later && w.fault()
	applied := w.apply(ctx, how, config)
	w.cloud.Intercept(nil)
	said = append(said, append(planned, applied...)...)
	text := said.String()
	writes := w.cloud.Writes()
	ends := ended(writes)
	if strings.Contains(text, "inconsistent") || strings.Contains(text, "invalid result") || strings.Contains(text, "report this as a bug") {
		w.Fatalf("it is not as planned: %s", text)
	}
	if strings.Contains(text+w.Private(), "cf_secret_") {
		w.Fatalf("it shows a secret: %s", text)
	}
	if (applied.HasError() || planned.HasError()) && !failing && !mayFail {
		w.Fatalf("it fails without a cause: %s", text)
	}
	if how == killed { // a token that was just created is deleted again
		ends = slices.DeleteFunc(ends, func(id string) bool { return !slices.Contains(before, id) })
	}
	if !isReplaced && how != later {
		want := announced(planned)
		if how == unknown {
			want = slices.DeleteFunc(slices.Clone(ends), func(id string) bool { return !strings.Contains(planned.String(), id) })
		}
		if isDone := !failing && !applied.HasError() && how != killed; isDone && !slices.Equal(want, ends) || !isDone && !isSubset(ends, want) {
			w.Fatalf("announced are %v, and it has sent %v: %s", want, writes, text)
		}
	}
	for _, id := range ends {
		delete(w.broken, id)
	}
	if how == later || how == killed {
		for _, id := range append(before, ends...) {
			w.broken[id] = true
		}
		w.odd, failing = true, true
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
	isAdopted := !isReplaced && config["secret_wo_version"] != nil && fmt.Sprint(config["secret_wo_version"]) != fmt.Sprint(version)
	if isAdopted && w.Text("secret") == "" && w.State()["encrypted_secrets"] == nil {
		w.Fatalf("the secret was not taken over: %v", w.State())
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

// how draws how a run differs from others.
func (w *walk) how(config map[string]any) string {
	ways := []string{plainly, plainly, plainly, plainly, plainly, killed}
	if config != nil {
		ways = append(ways, unknown)
	}
	if w.State() != nil && !w.Tainted() {
		ways = append(ways, later)
		if config != nil {
			ways = append(ways, tainted, createFirst)
		}
	}
	return rapid.SampledFrom(ways).Draw(w.T, "how")
}

// isRefused reports whether an apply has to fail because the secret to take over is not
// there, or is not valid.
func (w *walk) isRefused(config map[string]any) bool {
	return config["secret_wo_version"] != nil && (config["secret_wo"] == nil || config["secret_wo"] != w.secrets[w.idOf()])
}

func (w *walk) apply(ctx context.Context, how string, config map[string]any) protocoltest.Diags {
	switch how {
	case createFirst:
		return w.Replace(ctx, config)
	case later:
		saved, diags := w.Save(ctx, config)
		if diags.HasError() {
			return diags
		}
		w.console(w.T)
		w.cloud.ForgetRequests()
		return append(diags, w.ApplySaved(ctx, saved)...)
	case killed:
		defer w.gone.Store(false)
		defer w.Snapshot()()
		w.cloud.Intercept(func(api http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				w.gone.Store(w.gone.Load() || r.Method != http.MethodGet)
				api.ServeHTTP(rw, r)
			})
		})
	}
	return w.Apply(ctx, config)
}

func isSubset(part, whole []string) bool {
	return !slices.ContainsFunc(part, func(id string) bool { return !slices.Contains(whole, id) })
}

// mistakes is a chain of moved blocks: the state of one type arrives as that of the other.
// It is refused, and nothing happens.
func (w *walk) mistakes(*rapid.T) {
	if w.State() == nil || w.Tainted() {
		w.Skip("there is nothing")
	}
	ctx := context.Background()
	defer w.Snapshot()()
	if diags := w.Mistake(ctx, w.otherType()); diags.HasError() {
		w.Fatalf("the CLI upgrades no state: %s", diags)
	}
	w.cloud.ForgetRequests()
	for what, do := range map[string]func() protocoltest.Diags{
		"refresh": func() protocoltest.Diags { return w.Refresh(ctx) },
		"apply":   func() protocoltest.Diags { return w.Apply(ctx, map[string]any{"name": "ci", "role": "User"}) },
		"destroy": func() protocoltest.Diags { return w.Destroy(ctx) },
	} {
		if diags := do(); !diags.HasError() || !strings.Contains(diags.String(), "not the state of a") {
			w.Fatalf("the %s of another type's state is not refused: %s", what, diags)
		}
	}
	if writes := w.cloud.Writes(); len(writes) > 0 {
		w.Fatalf("it has sent %v", writes)
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
	if secret := w.Text("secret"); secret != "" {
		w.secrets[ids[0]] = secret
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
	to := w.otherType()
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

// runs is a run with an ephemeral token, which is there until its end.
func (w *walk) runs(*rapid.T) {
	ctx := context.Background()
	before := len(w.cloud.Issued())
	failing := w.fault()
	token, end, diags := w.data.Open(ctx, "cloudfleet_api_token", map[string]any{"name": "run", "role": "User"})
	w.cloud.Intercept(nil)
	if strings.Contains(diags.String(), "cf_secret_") {
		w.Fatalf("it shows a secret: %s", diags)
	}
	if diags.HasError() {
		if !failing {
			w.Fatalf("it does not open: %s", diags)
		}
		for _, issued := range w.cloud.Issued() { // which the next run finds when its time is over
			if tokenkit.IsEphemeral(issued.Name) {
				w.disowned[issued.ID] = true
			}
		}
		return
	}
	id, secret := fmt.Sprint(token["id"]), fmt.Sprint(token["secret"])
	if !w.cloud.Accepts(id, secret) {
		w.Fatalf("the secret of the ephemeral token %s is invalid", id)
	}
	if diags := end(ctx); diags.HasError() {
		w.Fatalf("it does not close: %s", diags)
	}
	if after := len(w.cloud.Issued()); after > before {
		w.Fatalf("a run has left tokens: %d, and there were %d", after, before)
	}
}

// passes lets days pass.
func (w *walk) passes(*rapid.T) {
	if w.State() == nil {
		w.Skip("there is nothing")
	}
	time.Sleep(time.Duration(rapid.IntRange(1, 40).Draw(w.T, "days")) * day)
}

// check is what is true after each step.
func (w *walk) check(*rapid.T) {
	ids := w.ids()
	for _, token := range w.cloud.Issued() {
		if !slices.Contains(ids, token.ID) && !w.disowned[token.ID] {
			w.Fatalf("nobody owns %s %q: the state has %v", token.ID, token.Name, ids)
		}
	}
	if !w.cloud.Accepts(w.others.ID, w.others.Secret) {
		w.Fatalf("the token of somebody else is gone, or has another secret")
	}
	listed, diags := w.data.Data(context.Background(), "cloudfleet_api_tokens", map[string]any{})
	if tokens, _ := listed["tokens"].([]any); diags.HasError() || len(tokens) != 1+len(w.cloud.Issued()) {
		w.Fatalf("the data source finds %d of %d tokens: %s", len(tokens), 1+len(w.cloud.Issued()), diags)
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
