// Command providerschema prints the schema of the provider as the JSON that
// `terraform providers schema -json` prints, but without a Terraform CLI.
//
// The documentation is made from it. A CLI leaves out what is newer than itself,
// such as actions before Terraform 1.14, and has to be there in the first place;
// this way the documentation depends on the provider alone.
//
// Usage:
//
//	go -C tools run ./providerschema > schema.json
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/provider"
)

func main() {
	server := providerserver.NewProtocol6(provider.New("dev")())()
	if err := write(context.Background(), os.Stdout, server); err != nil {
		fmt.Fprintln(os.Stderr, "providerschema:", err)
		os.Exit(1)
	}
}

// write writes the schema of the provider that server serves.
func write(ctx context.Context, w io.Writer, server tfprotov6.ProviderServer) error {
	schema, err := providerSchema(ctx, server)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(tfjson.ProviderSchemas{
		FormatVersion: "1.0",
		Schemas: map[string]*tfjson.ProviderSchema{
			provider.Address: schema, // as a CLI has it
			// tfplugindocs finds only the bare name and the namespace hashicorp.
			path.Base(provider.Address): schema,
		},
	})
}

func providerSchema(ctx context.Context, server tfprotov6.ProviderServer) (*tfjson.ProviderSchema, error) {
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err == nil {
		err = check(schemas.Diagnostics)
	}
	if err != nil {
		return nil, fmt.Errorf("get the provider schema: %w", err)
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err == nil {
		err = check(identities.Diagnostics)
	}
	if err != nil {
		return nil, fmt.Errorf("get the identity schemas: %w", err)
	}
	var c converter
	result := &tfjson.ProviderSchema{
		ConfigSchema:             c.schema("provider", schemas.Provider),
		ResourceSchemas:          each("resource", schemas.ResourceSchemas, c.schema),
		DataSourceSchemas:        each("data source", schemas.DataSourceSchemas, c.schema),
		EphemeralResourceSchemas: each("ephemeral resource", schemas.EphemeralResourceSchemas, c.schema),
		ListResourceSchemas:      each("list resource", schemas.ListResourceSchemas, c.schema),
		StateStoreSchemas:        each("state store", schemas.StateStoreSchemas, c.schema),
		ActionSchemas:            each("action", schemas.ActionSchemas, c.action),
		Functions:                each("function", schemas.Functions, c.function),
		ResourceIdentitySchemas:  each("identity of", identities.IdentitySchemas, c.identity),
	}
	return result, errors.Join(c.errs...)
}

// check returns an error of all diagnostics except warnings, which go to standard error.
func check(diagnostics []*tfprotov6.Diagnostic) error {
	var errs []error
	for _, d := range diagnostics {
		err := fmt.Errorf("%s: %s", d.Summary, d.Detail)
		if d.Severity == tfprotov6.DiagnosticSeverityWarning {
			fmt.Fprintln(os.Stderr, "providerschema: warning:", err)
			continue
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// converter converts the types of the protocol to those of the JSON, and collects errors.
// Its methods take their position, for these errors.
type converter struct {
	errs []error
}

func (c *converter) fail(at, problem string) {
	c.errs = append(c.errs, fmt.Errorf("%s: %s", at, problem))
}

func each[F, T any](kind string, from map[string]F, convert func(at string, from F) T) map[string]T {
	to := make(map[string]T, len(from))
	for name, value := range from {
		to[name] = convert(kind+" "+name, value)
	}
	return to
}

func (c *converter) schema(at string, s *tfprotov6.Schema) *tfjson.Schema {
	if s == nil {
		c.fail(at, "there is no schema")
		return nil
	}
	return &tfjson.Schema{Version: c.count(at, s.Version), Block: c.block(at, s.Block)}
}

func (c *converter) action(at string, a *tfprotov6.ActionSchema) *tfjson.ActionSchema {
	if s := c.schema(at, a.Schema); s != nil {
		return &tfjson.ActionSchema{Block: s.Block} // an action has no version
	}
	return nil
}

func (c *converter) block(at string, b *tfprotov6.SchemaBlock) *tfjson.SchemaBlock {
	if b == nil {
		c.fail(at, "there is no block")
		return nil
	}
	blocks := make(map[string]*tfjson.SchemaBlockType, len(b.BlockTypes))
	for _, nested := range b.BlockTypes {
		at := at + ": block " + nested.TypeName
		blocks[nested.TypeName] = &tfjson.SchemaBlockType{
			NestingMode: c.nestingMode(at, nested.Nesting),
			Block:       c.block(at, nested.Block),
			MinItems:    c.count(at, nested.MinItems),
			MaxItems:    c.count(at, nested.MaxItems),
		}
	}
	return &tfjson.SchemaBlock{
		Attributes:      c.attributes(at, b.Attributes),
		NestedBlocks:    blocks,
		Description:     b.Description,
		DescriptionKind: descriptionKind(b.DescriptionKind),
		Deprecated:      b.Deprecated,
	}
}

func (c *converter) attributes(at string, from []*tfprotov6.SchemaAttribute) map[string]*tfjson.SchemaAttribute {
	to := make(map[string]*tfjson.SchemaAttribute, len(from))
	for _, a := range from {
		at := at + ": attribute " + a.Name
		attribute := &tfjson.SchemaAttribute{
			Description:     a.Description,
			DescriptionKind: descriptionKind(a.DescriptionKind),
			Deprecated:      a.Deprecated,
			Required:        a.Required,
			Optional:        a.Optional,
			Computed:        a.Computed,
			Sensitive:       a.Sensitive,
			WriteOnly:       a.WriteOnly,
		}
		if a.NestedType == nil {
			attribute.AttributeType = c.ctyType(at, a.Type)
		} else {
			attribute.AttributeNestedType = &tfjson.SchemaNestedAttributeType{
				NestingMode: c.nestingMode(at, a.NestedType.Nesting),
				Attributes:  c.attributes(at, a.NestedType.Attributes),
			}
		}
		to[a.Name] = attribute
	}
	return to
}

func (c *converter) identity(at string, s *tfprotov6.ResourceIdentitySchema) *tfjson.IdentitySchema {
	attributes := make(map[string]*tfjson.IdentityAttribute, len(s.IdentityAttributes))
	for _, a := range s.IdentityAttributes {
		attributes[a.Name] = &tfjson.IdentityAttribute{
			IdentityType:      c.ctyType(at+": attribute "+a.Name, a.Type),
			Description:       a.Description,
			RequiredForImport: a.RequiredForImport,
			OptionalForImport: a.OptionalForImport,
		}
	}
	return &tfjson.IdentitySchema{Version: c.count(at, s.Version), Attributes: attributes}
}

func (c *converter) function(at string, f *tfprotov6.Function) *tfjson.FunctionSignature {
	if f.Return == nil {
		c.fail(at, "it returns nothing")
		return nil
	}
	to := &tfjson.FunctionSignature{
		Description:        f.Description,
		Summary:            f.Summary,
		DeprecationMessage: f.DeprecationMessage,
		ReturnType:         c.ctyType(at, f.Return.Type),
	}
	for _, p := range f.Parameters {
		to.Parameters = append(to.Parameters, c.parameter(at, p))
	}
	if f.VariadicParameter != nil {
		to.VariadicParameter = c.parameter(at, f.VariadicParameter)
	}
	return to
}

func (c *converter) parameter(at string, p *tfprotov6.FunctionParameter) *tfjson.FunctionParameter {
	return &tfjson.FunctionParameter{
		Name:        p.Name,
		Description: p.Description,
		IsNullable:  p.AllowNullValue,
		Type:        c.ctyType(at+": parameter "+p.Name, p.Type),
	}
}

// ctyType converts through JSON, which both kinds of type support. A missing type is an
// error here, because the JSON types panic on it or leave it out.
func (c *converter) ctyType(at string, t tftypes.Type) cty.Type {
	if t == nil {
		c.fail(at, "there is no type")
		return cty.NilType
	}
	b, err := json.Marshal(t)
	if err != nil {
		c.fail(at, err.Error())
		return cty.NilType
	}
	to, err := ctyjson.UnmarshalType(b)
	if err != nil {
		c.fail(at, err.Error())
	}
	return to
}

// nestingMode is the nesting of a block or an attribute. The protocol has a type for
// each, with the same names; JSON has one.
func (c *converter) nestingMode(at string, from fmt.Stringer) tfjson.SchemaNestingMode {
	to := tfjson.SchemaNestingMode(strings.ToLower(from.String()))
	switch to {
	case tfjson.SchemaNestingModeSingle, tfjson.SchemaNestingModeGroup, tfjson.SchemaNestingModeList,
		tfjson.SchemaNestingModeSet, tfjson.SchemaNestingModeMap:
	default:
		c.fail(at, "unknown nesting mode "+from.String())
	}
	return to
}

// count converts a number that may be negative in the protocol, but not in JSON.
func (c *converter) count(at string, n int64) uint64 {
	if n < 0 {
		c.fail(at, fmt.Sprintf("a version or a number of items is %d", n))
		return 0
	}
	return uint64(n)
}

func descriptionKind(kind tfprotov6.StringKind) tfjson.SchemaDescriptionKind {
	if kind == tfprotov6.StringKindMarkdown {
		return tfjson.SchemaDescriptionKindMarkdown
	}
	return tfjson.SchemaDescriptionKindPlain
}
