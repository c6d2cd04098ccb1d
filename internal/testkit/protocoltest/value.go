package protocoltest

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Unknown represents an unknown value in a map.
var Unknown any = tftypes.UnknownValue

// Diags are diagnostics of the protocol.
type Diags []*tfprotov6.Diagnostic

// HasError reports whether one of them is an error.
func (d Diags) HasError() bool {
	for _, one := range d {
		if one.Severity == tfprotov6.DiagnosticSeverityError {
			return true
		}
	}
	return false
}

// String returns everything that a user would read, each diagnostic with its severity and
// the path of its attribute, if any.
func (d Diags) String() string {
	var b strings.Builder
	for _, one := range d {
		fmt.Fprintf(&b, "%s: %s [%s]\n%s\n", one.Severity, one.Summary, one.Attribute, one.Detail)
	}
	return b.String()
}

func failed(summary, detail string) *tfprotov6.Diagnostic {
	return &tfprotov6.Diagnostic{Severity: tfprotov6.DiagnosticSeverityError, Summary: summary, Detail: detail}
}

// must is for errors that are not diagnostics: mistakes in the test.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// encode makes an object of this type. Attributes that are not in the map are null.
// Values are strings, numbers and the like, and maps and slices of them: a list, or a set
// of strings.
func encode(typ tftypes.Type, attributes map[string]any) tftypes.Value {
	values := map[string]tftypes.Value{}
	for name, kind := range must(as[tftypes.Object](typ)).AttributeTypes {
		switch v := attributes[name].(type) {
		case map[string]any:
			values[name] = encode(kind, v)
		case []any:
			elementType := tftypes.Type(tftypes.String)
			if list, isList := kind.(tftypes.List); isList {
				elementType = list.ElementType
			}
			elements := []tftypes.Value{}
			for _, element := range v {
				elements = append(elements, tftypes.NewValue(elementType, element))
			}
			values[name] = tftypes.NewValue(kind, elements)
		default:
			values[name] = tftypes.NewValue(kind, v)
		}
	}
	for name := range attributes {
		if _, known := values[name]; !known {
			panic(fmt.Sprintf("the schema has no %q", name))
		}
	}
	return tftypes.NewValue(typ, values)
}

func as[T any](v any) (T, error) {
	t, ok := v.(T)
	if !ok {
		return t, fmt.Errorf("%T is not %T", v, t)
	}
	return t, nil
}

// decode is the inverse of encode. All numbers are int64.
func decode(v tftypes.Value) any {
	switch {
	case v.IsNull():
		return nil
	case !v.IsKnown():
		return Unknown
	case v.Type().Is(tftypes.String):
		return content[string](v)
	case v.Type().Is(tftypes.Bool):
		return content[bool](v)
	case v.Type().Is(tftypes.Number):
		number, _ := new(big.Float).Set(content[*big.Float](v)).Int64()
		return number
	case v.Type().Is(tftypes.Object{}), v.Type().Is(tftypes.Map{}):
		elements := map[string]any{}
		for name, element := range content[map[string]tftypes.Value](v) {
			elements[name] = decode(element)
		}
		return elements
	default:
		elements := []any{}
		for _, element := range content[[]tftypes.Value](v) {
			elements = append(elements, decode(element))
		}
		return elements
	}
}

func content[T any](v tftypes.Value) (to T) {
	if err := v.As(&to); err != nil {
		panic(err)
	}
	return to
}

// object decodes an object, nil for a null one.
func object(v tftypes.Value) map[string]any {
	attributes, _ := decode(v).(map[string]any)
	return attributes
}

// pack and unpack convert values from and to the wire format. A missing value is null.
func pack(v tftypes.Value) *tfprotov6.DynamicValue {
	packed := must(tfprotov6.NewDynamicValue(v.Type(), v))
	return &packed
}

func unpack(typ tftypes.Type, packed *tfprotov6.DynamicValue) tftypes.Value {
	if packed == nil {
		return tftypes.NewValue(typ, nil)
	}
	return must(packed.Unmarshal(typ))
}
