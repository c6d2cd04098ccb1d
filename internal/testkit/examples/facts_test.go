package examples_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// facts are from the output of `providers schema -json` for a real provider, as far as
// the examples use it. They are in testdata, with the provider's version.
type facts struct {
	Source      string
	Provider    factBlock
	Resources   map[string]factBlock
	DataSources map[string]factBlock `json:"data_sources"`
}

type factBlock struct {
	Attributes map[string]struct {
		Type                                    json.RawMessage
		Required, Optional, Computed, Sensitive bool
		WriteOnly                               bool `json:"write_only"`
	}
	Blocks map[string]struct {
		Block       factBlock
		NestingMode string `json:"nesting_mode"`
	} `json:"block_types"`
}

// The real provider has all attributes and blocks of its stand-in, with the same type,
// mode and nesting.
func TestStandInsAreLikeTheRealProviders(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	must(t, err)
	if len(files) < 3 {
		t.Errorf("there are only the facts %q", files)
	}
	standIns := newVendors(t).standIns()
	for _, file := range files {
		var actual facts
		must(t, json.Unmarshal([]byte(read(t, file)), &actual))
		standIn := standIns[actual.Source]
		if standIn == nil {
			t.Errorf("%s: there is no stand-in for %s", file, actual.Source)
			continue
		}
		schemas, err := providerserver.NewProtocol6(standIn)().GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
		must(t, err)
		found, unknown := differences(schemas, actual)
		for _, difference := range found {
			t.Errorf("%s: %s", actual.Source, difference)
		}
		t.Logf("%s: not compared are %q", actual.Source, unknown)
	}
}

// differences returns how a stand-in differs from the real provider, and the types that
// are not in the facts.
func differences(schemas *tfprotov6.GetProviderSchemaResponse, actual facts) (all, unknown []string) {
	all = append(all, blockDifferences("provider", schemas.Provider.Block, actual.Provider)...)
	for _, kind := range []struct {
		standIn map[string]*tfprotov6.Schema
		actual  map[string]factBlock
	}{{schemas.ResourceSchemas, actual.Resources}, {schemas.DataSourceSchemas, actual.DataSources}} {
		for name, schema := range kind.standIn {
			if block, exists := kind.actual[name]; exists {
				all = append(all, blockDifferences(name, schema.Block, block)...)
			} else {
				unknown = append(unknown, name)
			}
		}
	}
	slices.Sort(all)
	return all, unknown
}

func blockDifferences(at string, standIn *tfprotov6.SchemaBlock, actual factBlock) (all []string) {
	for _, a := range standIn.Attributes {
		have, exists := actual.Attributes[a.Name]
		if !exists {
			all = append(all, fmt.Sprintf("%s has no attribute %s", at, a.Name))
			continue
		}
		//nolint:staticcheck // There is no other way to the form in which the CLI writes a type.
		kind, err := a.Type.MarshalJSON()
		if err != nil {
			all = append(all, err.Error())
		}
		var realKind any
		if err := json.Unmarshal(have.Type, &realKind); err != nil {
			all = append(all, err.Error())
		}
		if compact, _ := json.Marshal(realKind); string(compact) != string(kind) {
			all = append(all, fmt.Sprintf("%s.%s is %s there, and %s in the stand-in", at, a.Name, compact, kind))
		}
		type mode struct{ Required, Optional, Computed, Sensitive, WriteOnly bool }
		here := mode{a.Required, a.Optional, a.Computed, a.Sensitive, a.WriteOnly}
		if there := (mode{have.Required, have.Optional, have.Computed, have.Sensitive, have.WriteOnly}); here != there {
			all = append(all, fmt.Sprintf("%s.%s is %+v there, and %+v in the stand-in", at, a.Name, there, here))
		}
	}
	nesting := map[tfprotov6.SchemaNestedBlockNestingMode]string{
		tfprotov6.SchemaNestedBlockNestingModeList: "list", tfprotov6.SchemaNestedBlockNestingModeSet: "set",
		tfprotov6.SchemaNestedBlockNestingModeSingle: "single",
	}
	for _, b := range standIn.BlockTypes {
		have, exists := actual.Blocks[b.TypeName]
		if !exists || have.NestingMode != nesting[b.Nesting] {
			all = append(all, fmt.Sprintf("%s has no block %s of nesting %s", at, b.TypeName, nesting[b.Nesting]))
			continue
		}
		all = append(all, blockDifferences(at+"."+b.TypeName, b.Block, have.Block)...)
	}
	return all
}
