package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/provider"
)

// serveVariable lets the test binary be a provider plugin, which serves everything.
const serveVariable = "PROVIDERSCHEMA_TEST_SERVE"

// newer are keys that are newer than providers and resources, so that a CLI may not have
// them.
var newer = []string{
	"functions", "ephemeral_resource_schemas", "resource_identity_schemas", "list_resource_schemas",
	"action_schemas", "state_store_schemas", "write_only", "deprecation_message",
}

func TestMain(m *testing.M) {
	if os.Getenv(serveVariable) == "" {
		os.Exit(m.Run())
	}
	err := tf6server.Serve(provider.Address, func() tfprotov6.ProviderServer { return everything })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// The JSON is the same as that of a real CLI, for the provider and for one with
// everything that a schema can have.
func TestSameAsCLI(t *testing.T) {
	cli, err := findCLI()
	if err != nil {
		t.Skip(err)
	}
	tests := map[string]struct {
		server tfprotov6.ProviderServer
		build  func(t *testing.T, path string)
	}{
		"cloudfleet": {providerserver.NewProtocol6(provider.New("dev")())(), buildProvider},
		"everything": {everything, linkTestBinary},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			test.build(t, filepath.Join(dir, "terraform-provider-cloudfleet"))
			printed := runCLI(t, cli, dir)
			want, got := decode(t, printed)[provider.Address], decode(t, output(t, test.server))[provider.Address]
			if want == nil || got == nil {
				t.Fatalf("no schema of %s: CLI %v, ours %v", provider.Address, want, got)
			}
			unknown := cmpopts.IgnoreMapEntries(func(key string, value any) bool {
				// OpenTofu prints some empty texts. Everything else is compared, except
				// for what is too new for the CLI.
				return value == "" || slices.Contains(newer, key) && !bytes.Contains(printed, []byte(`"`+key+`":`))
			})
			t.Logf("%s knows %d parts", cli, len(want))
			if diff := cmp.Diff(want, got, unknown); diff != "" {
				t.Errorf("- %s\n+ ours\n%s", cli, diff)
			}
		})
	}
}

// Parts that are newer than many CLIs are not always compared with one.
func TestNewerParts(t *testing.T) {
	got := decode(t, output(t, everything))
	const attribute = `"attributes": {"a": {"type": "string", "description_kind": "plain", "required": true}}`
	var want map[string]any
	if err := json.Unmarshal([]byte(`{
		"list_resource_schemas": {"cloudfleet_thing": {"version": 0, "block": {`+attribute+`, "description_kind": "plain"}}},
		"action_schemas": {"cloudfleet_do": {"block": {`+attribute+`, "description_kind": "plain"}}},
		"state_store_schemas": {"cloudfleet_store": {"version": 0, "block": {`+attribute+`, "description_kind": "plain"}}},
		"resource_identity_schemas": {"cloudfleet_thing": {"version": 2, "attributes": {
			"id":     {"type": "string", "description": "Its ID.", "required_for_import": true},
			"region": {"type": ["list", "string"], "optional_for_import": true}
		}}}
	}`), &want); err != nil {
		t.Fatal(err)
	}
	for key := range want {
		if diff := cmp.Diff(want[key], got[provider.Address][key]); diff != "" {
			t.Errorf("%s: - want + got\n%s", key, diff)
		}
	}
	if diff := cmp.Diff(got[provider.Address], got["cloudfleet"]); diff != "" {
		t.Errorf("under the name that tfplugindocs looks for: %s", diff)
	}

	var schemas tfjson.ProviderSchemas // as tfplugindocs reads it
	if err := json.Unmarshal(output(t, everything), &schemas); err != nil {
		t.Error(err)
	}
}

func TestErrors(t *testing.T) {
	withProvider := func(a *tfprotov6.SchemaAttribute) *server {
		return &server{schemas: tfprotov6.GetProviderSchemaResponse{Provider: &tfprotov6.Schema{
			Block: &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{a}},
		}}}
	}
	failure := []*tfprotov6.Diagnostic{{Severity: tfprotov6.DiagnosticSeverityError, Summary: "Broken", Detail: "Badly."}}
	tests := map[string]*server{
		"provider: there is no schema":            {},
		"get the provider schema: Broken: Badly.": {schemas: tfprotov6.GetProviderSchemaResponse{Diagnostics: failure}},
		"get the identity schemas: Broken: Badly.": {
			identities: tfprotov6.GetResourceIdentitySchemasResponse{Diagnostics: failure},
		},
		"provider: attribute a: there is no type": withProvider(&tfprotov6.SchemaAttribute{Name: "a"}),
		"provider: attribute a: unknown nesting mode INVALID": withProvider(
			&tfprotov6.SchemaAttribute{Name: "a", NestedType: &tfprotov6.SchemaObject{}},
		),
		"function f: it returns nothing": {
			schemas: tfprotov6.GetProviderSchemaResponse{Provider: schemaOf(), Functions: map[string]*tfprotov6.Function{"f": {}}},
		},
		"provider: a version or a number of items is -1": {
			schemas: tfprotov6.GetProviderSchemaResponse{Provider: &tfprotov6.Schema{Version: -1, Block: &tfprotov6.SchemaBlock{}}},
		},
		"list resource cloudfleet_thing: there is no block": {
			schemas: tfprotov6.GetProviderSchemaResponse{
				Provider:            schemaOf(),
				ListResourceSchemas: map[string]*tfprotov6.Schema{"cloudfleet_thing": {}},
			},
		},
		"identity of cloudfleet_thing: attribute id: there is no": {
			schemas:    tfprotov6.GetProviderSchemaResponse{Provider: schemaOf()},
			identities: identitiesOf(&tfprotov6.ResourceIdentitySchemaAttribute{Name: "id"}),
		},
	}
	for want, server := range tests {
		var b bytes.Buffer
		if err := write(t.Context(), &b, server); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
		if b.Len() > 0 {
			t.Errorf("%s: half a schema was written: %s", want, b.String())
		}
	}
}

// findCLI returns the CLI that `make test` chose, or one on the PATH.
func findCLI() (string, error) {
	for _, name := range []string{os.Getenv("TF_ACC_TERRAFORM_PATH"), "terraform", "tofu"} {
		if cli, err := exec.LookPath(name); name != "" && err == nil {
			return cli, nil
		}
	}
	return "", errors.New("no CLI to compare with: there is neither terraform nor tofu on the PATH")
}

func buildProvider(t *testing.T, path string) {
	build := exec.Command("go", "build", "-o", path, ".")
	build.Dir = "../.." // another Go module
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %s\n%s", build, err, out)
	}
}

func linkTestBinary(t *testing.T, path string) {
	t.Setenv(serveVariable, "yes")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
}

// runCLI lets the CLI print the schemas of the provider in dir. A development override
// needs no init, and so no network.
func runCLI(t *testing.T, cli, dir string) []byte {
	t.Helper()
	work := t.TempDir()
	config := filepath.Join(work, "cli.tfrc")
	for file, text := range map[string]string{
		config: fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n  }\n}\n", provider.Address, dir),
		filepath.Join(work, "main.tf"): fmt.Sprintf(
			"terraform {\n  required_providers {\n    cloudfleet = {\n      source = %q\n    }\n  }\n}\n", provider.Address),
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var stderr bytes.Buffer
	cmd := exec.Command(cli, "providers", "schema", "-json")
	cmd.Dir, cmd.Stderr = work, &stderr
	cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+config, "CHECKPOINT_DISABLE=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %s\n%s%s", cmd, err, out, stderr.Bytes())
	}
	return out
}

func output(t *testing.T, server tfprotov6.ProviderServer) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(t.Context(), &b, server); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decode(t *testing.T, b []byte) map[string]map[string]any {
	t.Helper()
	var schemas struct {
		FormatVersion string                    `json:"format_version"`
		Schemas       map[string]map[string]any `json:"provider_schemas"`
	}
	if err := json.Unmarshal(b, &schemas); err != nil {
		t.Fatalf("%s: %s", err, b)
	}
	if schemas.FormatVersion != "1.0" {
		t.Fatalf("format version %q", schemas.FormatVersion)
	}
	return schemas.Schemas
}

// server serves schemas, and nothing else.
type server struct {
	tfprotov6.ProviderServer
	schemas    tfprotov6.GetProviderSchemaResponse
	identities tfprotov6.GetResourceIdentitySchemasResponse
}

func (s *server) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	return &s.schemas, nil
}

func (s *server) GetResourceIdentitySchemas(
	context.Context,
	*tfprotov6.GetResourceIdentitySchemasRequest,
) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return &s.identities, nil
}

func (s *server) StopProvider(context.Context, *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	return &tfprotov6.StopProviderResponse{}, nil
}

func schemaOf(attributes ...*tfprotov6.SchemaAttribute) *tfprotov6.Schema {
	return &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{Attributes: attributes}}
}

func identitiesOf(attributes ...*tfprotov6.ResourceIdentitySchemaAttribute) tfprotov6.GetResourceIdentitySchemasResponse {
	return tfprotov6.GetResourceIdentitySchemasResponse{IdentitySchemas: map[string]*tfprotov6.ResourceIdentitySchema{
		"cloudfleet_thing": {Version: 2, IdentityAttributes: attributes},
	}}
}

var (
	required   = &tfprotov6.SchemaAttribute{Name: "a", Type: tftypes.String, Required: true}
	everything = &server{
		schemas: tfprotov6.GetProviderSchemaResponse{
			Provider:          schemaOf(),
			ResourceSchemas:   map[string]*tfprotov6.Schema{"cloudfleet_thing": {Version: 3, Block: everyBlock()}},
			DataSourceSchemas: map[string]*tfprotov6.Schema{"cloudfleet_thing": schemaOf(required), "cloudfleet_empty": schemaOf()},
			EphemeralResourceSchemas: map[string]*tfprotov6.Schema{
				"cloudfleet_secret": schemaOf(&tfprotov6.SchemaAttribute{Name: "value", Type: tftypes.String, Computed: true, Sensitive: true}),
			},
			ListResourceSchemas: map[string]*tfprotov6.Schema{"cloudfleet_thing": schemaOf(required)},
			ActionSchemas:       map[string]*tfprotov6.ActionSchema{"cloudfleet_do": {Schema: schemaOf(required)}},
			StateStoreSchemas:   map[string]*tfprotov6.Schema{"cloudfleet_store": schemaOf(required)},
			Functions: map[string]*tfprotov6.Function{
				"plain": {Return: &tfprotov6.FunctionReturn{Type: tftypes.Bool}},
				"rich": {
					Summary: "Summary.", Description: "With *stars*.", DescriptionKind: tfprotov6.StringKindMarkdown,
					DeprecationMessage: "Use plain.",
					Parameters: []*tfprotov6.FunctionParameter{
						{Name: "first", Description: "The first.", Type: tftypes.String, AllowNullValue: true},
						{Name: "second", Type: tftypes.Map{ElementType: tftypes.Number}, AllowUnknownValues: true},
					},
					VariadicParameter: &tfprotov6.FunctionParameter{Name: "more", Type: tftypes.DynamicPseudoType},
					Return:            &tfprotov6.FunctionReturn{Type: tftypes.List{ElementType: tftypes.String}},
				},
			},
		},
		identities: identitiesOf(
			&tfprotov6.ResourceIdentitySchemaAttribute{Name: "id", Type: tftypes.String, RequiredForImport: true, Description: "Its ID."},
			&tfprotov6.ResourceIdentitySchemaAttribute{Name: "region", Type: tftypes.List{ElementType: tftypes.String}, OptionalForImport: true},
		),
	}
)

// everyBlock is a block with every type, every flag and every way of nesting.
func everyBlock() *tfprotov6.SchemaBlock {
	b := &tfprotov6.SchemaBlock{
		Description: "A *thing*.", DescriptionKind: tfprotov6.StringKindMarkdown, Deprecated: true,
		Attributes: []*tfprotov6.SchemaAttribute{
			{Name: "plain", Type: tftypes.Bool, Optional: true, Description: "Plain <text> & \"quotes\"."},
			{Name: "markdown", Type: tftypes.Number, Computed: true, Description: "`code`", DescriptionKind: tfprotov6.StringKindMarkdown},
			{Name: "deprecated", Type: tftypes.String, Optional: true, Computed: true, Deprecated: true},
			{Name: "sensitive", Type: tftypes.String, Required: true, Sensitive: true},
			{Name: "write_only", Type: tftypes.String, Optional: true, Sensitive: true, WriteOnly: true},
			{Name: "dynamic", Type: tftypes.DynamicPseudoType, Optional: true},
			{Name: "set", Type: tftypes.Set{ElementType: tftypes.String}, Optional: true},
			{Name: "tuple", Type: tftypes.Tuple{ElementTypes: []tftypes.Type{tftypes.String, tftypes.Bool}}, Optional: true},
			{Name: "object", Optional: true, Type: tftypes.List{ElementType: tftypes.Object{AttributeTypes: map[string]tftypes.Type{
				"x": tftypes.String, "y": tftypes.Map{ElementType: tftypes.Number},
			}}}},
		},
	}
	for mode := tfprotov6.SchemaObjectNestingModeSingle; mode <= tfprotov6.SchemaObjectNestingModeMap; mode++ {
		inner := &tfprotov6.SchemaObject{Nesting: tfprotov6.SchemaObjectNestingModeSet, Attributes: []*tfprotov6.SchemaAttribute{required}}
		b.Attributes = append(b.Attributes, &tfprotov6.SchemaAttribute{
			Name: "nested_" + strings.ToLower(mode.String()), Optional: true, Description: "Nested.",
			NestedType: &tfprotov6.SchemaObject{Nesting: mode, Attributes: []*tfprotov6.SchemaAttribute{
				required, {Name: "inner", NestedType: inner, Optional: true},
			}},
		})
	}
	for mode := tfprotov6.SchemaNestedBlockNestingModeSingle; mode <= tfprotov6.SchemaNestedBlockNestingModeGroup; mode++ {
		nested := &tfprotov6.SchemaNestedBlock{
			TypeName: "block_" + strings.ToLower(mode.String()), Nesting: mode,
			Block: &tfprotov6.SchemaBlock{
				Description: "A block.", Deprecated: true, Attributes: []*tfprotov6.SchemaAttribute{required},
				BlockTypes: []*tfprotov6.SchemaNestedBlock{{
					TypeName: "inner", Nesting: tfprotov6.SchemaNestedBlockNestingModeList, Block: schemaOf(required).Block,
				}},
			},
		}
		if mode == tfprotov6.SchemaNestedBlockNestingModeList || mode == tfprotov6.SchemaNestedBlockNestingModeSet {
			nested.MinItems, nested.MaxItems = 1, 4
		}
		b.BlockTypes = append(b.BlockTypes, nested)
	}
	return b
}
