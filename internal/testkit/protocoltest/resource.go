package protocoltest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/provider"
)

// Resource is a resource with the state that core would keep.
type Resource struct {
	provider *Provider
	typeName string
	schema   *tfprotov6.Schema
	state    state
}

type state struct {
	value    tftypes.Value
	private  []byte
	identity *tfprotov6.ResourceIdentityData
	tainted  bool
}

// Resource returns a resource of this type that does not exist yet.
func (p *Provider) Resource(typeName string) *Resource {
	r := &Resource{provider: p, typeName: typeName, schema: p.schemas.ResourceSchemas[typeName]}
	r.state.value = tftypes.NewValue(r.schema.ValueType(), nil)
	return r
}

// Use continues with another provider, as each run of a CLI does.
func (r *Resource) Use(p *Provider) { r.provider = p }

// State returns the resource's attributes, nil if there is no state.
func (r *Resource) State() map[string]any { return object(r.state.value) }

// Text returns a string attribute of the state, empty if there is none.
func (r *Resource) Text(name string) string {
	text, _ := r.State()[name].(string)
	return text
}

// Set changes attributes of the state: what an earlier run has stored, or what it is
// after some time.
func (r *Resource) Set(attributes map[string]any) {
	state := r.State()
	maps.Copy(state, attributes)
	r.state.value = encode(r.schema.ValueType(), state)
}

// Saved returns everything that core would store, in some form.
func (r *Resource) Saved() string {
	return fmt.Sprint(r.State(), string(r.state.private), r.Identity())
}

// Private returns the resource's private state.
func (r *Resource) Private() string { return string(r.state.private) }

// SetPrivate changes what a resource has stored under a key of its private state: what it
// is after some time.
func (r *Resource) SetPrivate(key string, change func(map[string]any)) {
	var all map[string][]byte
	var values map[string]any
	must(0, json.Unmarshal(r.state.private, &all))
	must(0, json.Unmarshal(all[key], &values))
	change(values)
	all[key] = must(json.Marshal(values))
	r.state.private = must(json.Marshal(all))
}

// Identity returns the resource's identity, nil if there is none.
func (r *Resource) Identity() map[string]any {
	return r.provider.identity(r.typeName, r.state.identity)
}

// MoveTo changes the type of the resource, as a `moved` block does. With keepIdentity it
// ignores the identity that the provider returns, as OpenTofu does.
func (r *Resource) MoveTo(ctx context.Context, typeName string, keepIdentity bool) Diags {
	return r.MoveFrom(ctx, provider.Address, typeName, keepIdentity)
}

// MoveFrom is MoveTo with the address of the provider that the resource was of before.
func (r *Resource) MoveFrom(ctx context.Context, address, typeName string, keepIdentity bool) Diags {
	source := must(json.Marshal(r.State()))
	moved := must(r.provider.server.MoveResourceState(ctx, &tfprotov6.MoveResourceStateRequest{
		SourceProviderAddress: address, SourceTypeName: r.typeName, SourceState: &tfprotov6.RawState{JSON: source},
		SourcePrivate: r.state.private, TargetTypeName: typeName,
	}))
	if Diags(moved.Diagnostics).HasError() {
		return moved.Diagnostics
	}
	identity := r.state.identity
	if !keepIdentity {
		identity = moved.TargetIdentity
	}
	r.typeName, r.schema = typeName, r.provider.schemas.ResourceSchemas[typeName]
	r.save(moved.TargetState, moved.TargetPrivate, identity, r.state.tainted)
	return moved.Diagnostics
}

// Mistake changes the type of the resource without a move, as a chain of `moved` blocks
// does: the CLI hands the state of one type to the other.
func (r *Resource) Mistake(ctx context.Context, typeName string) Diags {
	upgraded := must(r.provider.server.UpgradeResourceState(ctx, &tfprotov6.UpgradeResourceStateRequest{
		TypeName: typeName, RawState: &tfprotov6.RawState{JSON: must(json.Marshal(r.State()))},
	}))
	r.typeName, r.schema = typeName, r.provider.schemas.ResourceSchemas[typeName]
	r.save(upgraded.UpgradedState, r.state.private, nil, r.state.tainted)
	return upgraded.Diagnostics
}

// IdentityVersion returns the version of the resource's identity schema.
func (r *Resource) IdentityVersion(ctx context.Context) int64 {
	schemas := must(r.provider.server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{}))
	return schemas.IdentitySchemas[r.typeName].Version
}

// ForgetIdentity makes the state that of a CLI without identities, such as Terraform
// before 1.12.
func (r *Resource) ForgetIdentity() { r.state.identity = nil }

// Snapshot returns a function that brings back the present state: what a CLI has that was
// killed before it could write another one.
func (r *Resource) Snapshot() (restore func()) {
	typeName, schema, state := r.typeName, r.schema, r.state
	return func() { r.typeName, r.schema, r.state = typeName, schema, state }
}

// Taint lets the next Apply replace the resource, as `terraform taint` and -replace do.
func (r *Resource) Taint() { r.state.tainted = true }

// Tainted reports whether a failed create left something that the next Apply replaces.
func (r *Resource) Tainted() bool { return r.state.tainted }

// save stores a state, if there is one.
func (r *Resource) save(packed *tfprotov6.DynamicValue, private []byte, identity *tfprotov6.ResourceIdentityData, tainted bool) {
	r.state = state{value: unpack(r.schema.ValueType(), packed)}
	if !r.state.value.IsNull() {
		r.state = state{r.state.value, private, identity, tainted}
	}
}

// Plan plans a change to config, or a delete if config is nil, and returns the planned
// state. Unknown values are Unknown.
func (r *Resource) Plan(ctx context.Context, config map[string]any) (map[string]any, Diags) {
	_, planned, diags := r.plan(ctx, config)
	return object(unpack(r.schema.ValueType(), planned.PlannedState)), diags
}

func (r *Resource) plan(
	ctx context.Context,
	config map[string]any,
) (*tfprotov6.DynamicValue, *tfprotov6.PlanResourceChangeResponse, Diags) {
	var diags Diags
	configured := tftypes.NewValue(r.schema.ValueType(), nil)
	if config != nil {
		configured = encode(r.schema.ValueType(), config)
		valid := must(r.provider.server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{
			TypeName: r.typeName, Config: pack(configured),
			ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
		}))
		if diags = valid.Diagnostics; diags.HasError() {
			return nil, &tfprotov6.PlanResourceChangeResponse{}, diags
		}
	}
	planned := must(r.provider.server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: r.typeName, PriorState: pack(r.state.value), PriorPrivate: r.state.private, PriorIdentity: r.state.identity,
		Config: pack(configured), ProposedNewState: pack(r.propose(configured)),
	}))
	return pack(configured), planned, append(diags, planned.Diagnostics...)
}

// propose returns config without write-only values, and with computed values from the
// state: null in a create, which the provider makes unknown. It considers only the top
// level.
func (r *Resource) propose(config tftypes.Value) tftypes.Value {
	if config.IsNull() {
		return config
	}
	before, after := map[string]tftypes.Value{}, maps.Clone(content[map[string]tftypes.Value](config))
	if !r.state.value.IsNull() {
		before = content[map[string]tftypes.Value](r.state.value)
	}
	for _, a := range r.schema.Block.Attributes {
		if value, ok := before[a.Name]; ok && a.Computed && after[a.Name].IsNull() {
			after[a.Name] = value
		}
		if a.WriteOnly {
			after[a.Name] = tftypes.NewValue(a.Type, nil)
		}
	}
	return tftypes.NewValue(config.Type(), after)
}

// Apply plans a change to config and applies it. A state that is returned with an error
// is stored; that of a create is tainted. Call Refresh before to read first, as
// `terraform apply` does.
func (r *Resource) Apply(ctx context.Context, config map[string]any) Diags {
	saved, diags := r.Save(ctx, config)
	if diags.HasError() {
		return diags
	}
	if config != nil && (r.state.tainted || len(saved.planned.RequiresReplace) > 0) {
		if diags := r.Destroy(ctx); diags.HasError() {
			return diags
		}
		return r.Apply(ctx, config)
	}
	return append(diags, r.ApplySaved(ctx, saved)...)
}

// Replace creates the resource anew before it deletes the present one, as
// create_before_destroy does. After an error of the create, the present one stays.
func (r *Resource) Replace(ctx context.Context, config map[string]any) Diags {
	old := r.state
	r.state = state{value: tftypes.NewValue(r.schema.ValueType(), nil)}
	diags := r.Apply(ctx, config)
	created := r.state
	r.state = old
	if !diags.HasError() {
		diags = append(diags, r.Destroy(ctx)...)
		r.state = created
	}
	return diags
}

// SavedPlan is a plan that is applied later.
type SavedPlan struct {
	configured *tfprotov6.DynamicValue
	planned    *tfprotov6.PlanResourceChangeResponse
}

// Save plans a change to config, or a delete if config is nil, for ApplySaved.
func (r *Resource) Save(ctx context.Context, config map[string]any) (SavedPlan, Diags) {
	configured, planned, diags := r.plan(ctx, config)
	return SavedPlan{configured, planned}, diags
}

// ApplySaved applies a plan that replaces nothing.
func (r *Resource) ApplySaved(ctx context.Context, saved SavedPlan) (diags Diags) {
	before, after := r.state, unpack(r.schema.ValueType(), saved.planned.PlannedState)
	if after.Equal(before.value) {
		return nil
	}
	applied := must(r.provider.server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: r.typeName, PriorState: pack(before.value), PlannedState: saved.planned.PlannedState, Config: saved.configured,
		PlannedPrivate: saved.planned.PlannedPrivate, PlannedIdentity: saved.planned.PlannedIdentity,
	}))
	diags = applied.Diagnostics
	r.save(applied.NewState, applied.Private, applied.NewIdentity, diags.HasError() && (before.tainted || before.value.IsNull()))
	if diags.HasError() && r.state.value.IsNull() {
		r.state = before // core knows of no other
	}
	if !diags.HasError() {
		diags = append(diags, inconsistencies(object(after), r.State())...)
	}
	return diags
}

// inconsistencies returns an error for each value that is unknown after an apply, or not
// as planned.
func inconsistencies(planned, result map[string]any) (diags Diags) {
	if (planned == nil) != (result == nil) {
		return Diags{failed("Provider returned invalid result object after apply", fmt.Sprintf("There is a state: %t", result != nil))}
	}
	for name, is := range result {
		if !keeps(planned[name], is) {
			diags = append(diags, failed("Provider produced inconsistent result after apply", name))
		}
	}
	return diags
}

// keeps reports whether a value is known, and as planned.
func keeps(planned, is any) bool {
	return agrees(planned, is, func(planned, is any) bool { return is != Unknown && isAsPlanned(planned, is) })
}

// Narrows reports whether a plan with all values of the configuration agrees with an
// earlier one, in which some were unknown: else core says "inconsistent final plan".
func Narrows(earlier, later any) bool { return agrees(earlier, later, isAsPlanned) }

func isAsPlanned(planned, is any) bool { return planned == Unknown || reflect.DeepEqual(planned, is) }

// agrees compares the attributes of objects, and their attributes, with what was planned.
func agrees(planned, is any, compare func(planned, is any) bool) bool {
	attributes, isObject := is.(map[string]any)
	plannedAttributes, wasObject := planned.(map[string]any)
	if !isObject || !wasObject {
		return compare(planned, is)
	}
	for name := range attributes {
		if !agrees(plannedAttributes[name], attributes[name], compare) {
			return false
		}
	}
	return true
}

// Destroy plans a delete and applies it. It does nothing without a state.
func (r *Resource) Destroy(ctx context.Context) Diags { return r.Apply(ctx, nil) }

// Refresh reads the resource. It removes the state if the resource is gone. An error
// changes nothing.
func (r *Resource) Refresh(ctx context.Context) Diags {
	if r.state.value.IsNull() {
		return nil
	}
	read := must(r.provider.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: r.typeName, CurrentState: pack(r.state.value), Private: r.state.private, CurrentIdentity: r.state.identity,
	}))
	if diags := Diags(read.Diagnostics); diags.HasError() {
		return diags
	}
	r.save(read.NewState, read.Private, read.NewIdentity, r.state.tainted)
	return read.Diagnostics
}

// Import imports by ID and reads the resource.
func (r *Resource) Import(ctx context.Context, id string) Diags {
	return r.imported(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: r.typeName, ID: id})
}

// ImportByIdentity imports by identity and reads the resource.
func (r *Resource) ImportByIdentity(ctx context.Context, identity map[string]any) Diags {
	data := pack(encode(r.provider.identities[r.typeName].ValueType(), identity))
	return r.imported(ctx, &tfprotov6.ImportResourceStateRequest{
		TypeName: r.typeName, Identity: &tfprotov6.ResourceIdentityData{IdentityData: data},
	})
}

func (r *Resource) imported(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) Diags {
	found := must(r.provider.server.ImportResourceState(ctx, req))
	diags := Diags(found.Diagnostics)
	if diags.HasError() {
		return diags
	}
	before, one := r.state, found.ImportedResources[0]
	r.save(one.State, one.Private, one.Identity, false)
	if diags = append(diags, r.Refresh(ctx)...); diags.HasError() {
		r.state = before
	} else if r.state.value.IsNull() {
		diags = append(diags, failed("Cannot import non-existent remote object", req.ID))
	}
	return diags
}
