package examples_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	datasourceschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	providerschema "github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// standIn is another vendor's provider, as far as the examples use it. It makes no calls,
// and stores what it receives.
type standIn struct {
	name        string
	schema      providerschema.Schema
	resources   map[string]kind
	dataSources map[string]source

	mu sync.Mutex
	// received has each configuration of a create or update, by type, oldest first. It
	// includes write-only values.
	received map[string][]tfsdk.Config
	// last has the last of them, by the ID of the resource.
	last map[string]tfsdk.Config
	// configured is the last configuration of the provider.
	configured tfsdk.Config
}

// kind is a type of resource.
type kind struct {
	schema schema.Schema
	// versions are the arguments for the version of a write-only argument, by the name of
	// the latter.
	versions map[string]string
	// compute, if set, sets computed attributes other than the id.
	compute func(context.Context, *tfsdk.State) diag.Diagnostics
	// gone, if set, reports whether a refresh finds nothing.
	gone func(context.Context, tfsdk.State) bool
}

// source is a type of data source, which always gives the same answer.
type source struct {
	schema datasourceschema.Schema
	answer map[string]string
}

// given returns the newest configuration of a type whose attribute by has this value.
func (s *standIn) given(t *testing.T, typeName, by, value string) tfsdk.Config {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, config := range slices.Backward(s.received[typeName]) {
		if get[string](t, config, path.Root(by)) == value {
			return config
		}
	}
	t.Fatalf("the provider %s was given no %s %q", s.name, typeName, value)
	return tfsdk.Config{}
}

// get returns an attribute of a configuration.
func get[T any](t *testing.T, config tfsdk.Config, at path.Path) T {
	t.Helper()
	var value T
	if diags := config.GetAttribute(t.Context(), at, &value); diags.HasError() {
		t.Fatal(diags)
	}
	return value
}

func (s *standIn) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = s.name
}

func (s *standIn) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = s.schema
}

func (s *standIn) Configure(_ context.Context, req provider.ConfigureRequest, _ *provider.ConfigureResponse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.configured = req.Config
}

func (s *standIn) Resources(context.Context) (all []func() resource.Resource) {
	for typeName, k := range s.resources {
		all = append(all, func() resource.Resource { return standInResource{s, typeName, k} })
	}
	return all
}

func (s *standIn) DataSources(context.Context) (all []func() datasource.DataSource) {
	for typeName, k := range s.dataSources {
		all = append(all, func() datasource.DataSource { return standInDataSource{typeName, k} })
	}
	return all
}

type standInResource struct {
	*standIn
	typeName string
	kind     kind
}

func (r standInResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = r.typeName
}

func (r standInResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = r.kind.schema
}

func (r standInResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	resp.State.Raw = req.Plan.Raw
	r.mu.Lock()
	id := fmt.Sprintf("%s-%d", r.typeName, len(r.received[r.typeName]))
	r.mu.Unlock()
	resp.Diagnostics.Append(r.receive(ctx, req.Config, &resp.State, id)...)
}

// Update accepts a new write-only value only if its version has changed, as the real
// providers do: they cannot compare the value.
func (r standInResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.State.Raw = req.Plan.Raw
	var id string
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("id"), &id)...)
	config := req.Config
	for argument, version := range r.kind.versions {
		var before, after types.Int64
		resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root(version), &before)...)
		resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root(version), &after)...)
		if before.Equal(after) {
			config.Raw = withAttribute(config.Raw, r.taken(id).Raw, argument)
		}
	}
	resp.Diagnostics.Append(r.receive(ctx, config, &resp.State, id)...)
}

// taken returns the last configuration of the resource with this ID.
func (r standInResource) taken(id string) tfsdk.Config {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last[id]
}

// withAttribute returns an object with one attribute of another.
func withAttribute(object, other tftypes.Value, name string) tftypes.Value {
	var attributes, others map[string]tftypes.Value
	if object.As(&attributes) != nil || other.As(&others) != nil {
		return object
	}
	attributes[name] = others[name]
	return tftypes.NewValue(object.Type(), attributes)
}

func (r standInResource) receive(ctx context.Context, config tfsdk.Config, state *tfsdk.State, id string) diag.Diagnostics {
	r.mu.Lock()
	r.received[r.typeName] = append(r.received[r.typeName], config)
	r.last[id] = config
	r.mu.Unlock()
	diags := state.SetAttribute(ctx, path.Root("id"), id)
	if r.kind.compute != nil {
		diags.Append(r.kind.compute(ctx, state)...)
	}
	// Other computed attributes do not matter here.
	known, err := tftypes.Transform(state.Raw, func(_ *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		if v.IsKnown() {
			return v, nil
		}
		return tftypes.NewValue(v.Type(), nil), nil
	})
	if err != nil {
		diags.AddError("Could not make all known", err.Error())
	}
	state.Raw = known
	return diags
}

func (r standInResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	if r.kind.gone != nil && r.kind.gone(ctx, req.State) {
		resp.State.RemoveResource(ctx)
	}
}

func (r standInResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

type standInDataSource struct {
	typeName string
	source   source
}

func (d standInDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = d.typeName
}

func (d standInDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = d.source.schema
}

func (d standInDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	resp.State.Raw = req.Config.Raw
	for attribute, value := range d.source.answer {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(attribute), value)...)
	}
}

// reattach serves providers, by their source addresses, until the test ends, and returns
// the environment variable for the CLI.
func reattach(t *testing.T, providers map[string]*standIn) string {
	t.Helper()
	type address struct{ Network, String string }
	type server struct {
		Protocol        string
		ProtocolVersion int
		Pid             int
		Test            bool
		Addr            address
	}
	servers := map[string]server{}
	for name, p := range providers {
		p.received, p.last = map[string][]tfsdk.Config{}, map[string]tfsdk.Config{}
		// The test's context ends before the clean-up begins.
		ctx, cancel := context.WithCancel(context.Background())
		started, stopped, failed := make(chan *plugin.ReattachConfig), make(chan struct{}), make(chan error, 1)
		go func() {
			failed <- tf6server.Serve(name, providerserver.NewProtocol6(p), tf6server.WithDebug(ctx, started, stopped),
				tf6server.WithGoPluginLogger(hclog.NewNullLogger()), tf6server.WithLoggingSink(t))
		}()
		select {
		case c := <-started:
			hosts := []string{"registry.terraform.io/", "registry.opentofu.org/"}
			if strings.Count(name, "/") == 2 { // with its host
				hosts = []string{""}
			}
			for _, host := range hosts {
				servers[host+name] = server{string(c.Protocol), c.ProtocolVersion, c.Pid, c.Test, address{c.Addr.Network(), c.Addr.String()}}
			}
		case err := <-failed:
			t.Fatalf("%s: %v", name, err)
		case <-time.After(10 * time.Second):
			t.Fatalf("%s did not start", name)
		}
		t.Cleanup(func() {
			cancel()
			<-stopped
		})
	}
	text, err := json.Marshal(servers)
	must(t, err)
	return "TF_REATTACH_PROVIDERS=" + string(text)
}

// addresses returns the other providers in a configuration's required_providers.
func addresses(config string) []string {
	var all []string
	for _, match := range sourceArgument.FindAllStringSubmatch(config, -1) {
		if match[1] != "cloudfleet/cloudfleet" {
			all = append(all, match[1])
		}
	}
	return all
}
