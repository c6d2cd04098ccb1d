package contract

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Source is an element of the contract and its source.
type Source struct {
	// Element is, for example, "GET /tokens", "GET /tokens: parameter limit" or
	// "Token.id".
	Element string
	// From is published or assumed. Anything else is an error in the document.
	From string
	// Says is what the document says about it, in a few words.
	Says string
}

const (
	sourceExtension = "x-source"
	fieldsExtension = "x-fields"
	codesExtension  = "x-codes"
)

// Sources returns all elements of the contract, or an error if the document is invalid.
func Sources() ([]Source, error) {
	doc, err := load()
	if err != nil {
		return nil, err
	}
	var all []Source
	add := func(element string, extensions map[string]any, says string) {
		from, _ := extensions[sourceExtension].(string)
		all = append(all, Source{element, from, says})
	}
	for name, scheme := range doc.Components.SecuritySchemes {
		add("security: "+name, scheme.Value.Extensions, "HTTP "+scheme.Value.Scheme+": "+scheme.Value.Description)
	}
	for path, item := range doc.Paths.Map() {
		for _, parameter := range item.Parameters {
			add(path+": parameter "+parameter.Value.Name, parameter.Value.Extensions, parameter.Value.Description)
		}
		for method, operation := range item.Operations() {
			call := method + " " + path
			add(call, operation.Extensions, operation.Summary)
			for _, parameter := range operation.Parameters {
				add(call+": "+parameter.Value.In+" "+parameter.Value.Name, parameter.Value.Extensions, parameter.Value.Description)
			}
			for status, response := range operation.Responses.Map() {
				if status == "default" {
					continue
				}
				add(call+": "+status, response.Value.Extensions, *response.Value.Description)
				for name, header := range response.Value.Headers {
					if name != "X-Request-Id" {
						add(call+": header "+name, header.Value.Extensions, header.Value.Description)
					}
				}
			}
		}
	}
	for name, header := range doc.Components.Headers {
		add("header: "+name, header.Value.Extensions, header.Value.Description)
	}
	failure := doc.Components.Responses["Error"].Value
	for status, from := range mapping(failure.Extensions, codesExtension) {
		all = append(all, Source{"error " + status, from, ""})
	}
	add("error: header Retry-After", failure.Headers["Retry-After"].Value.Extensions, "Seconds, or an HTTP date.")
	for name, schema := range doc.Components.Schemas {
		if len(schema.Value.Properties) == 0 {
			add("form: "+name, schema.Value.Extensions, form(schema.Value))
			continue
		}
		all = append(all, fields(name, schema.Value)...)
	}
	slices.SortFunc(all, func(a, b Source) int { return cmp.Compare(a.Element, b.Element) })
	return slices.CompactFunc(all, func(a, b Source) bool { return a == b }), nil
}

// fields returns the fields of an object, and of the objects in it.
func fields(name string, schema *openapi3.Schema) (all []Source) {
	from := mapping(schema.Extensions, fieldsExtension)
	for _, field := range slices.Sorted(maps.Keys(schema.Properties)) {
		value := schema.Properties[field].Value
		all = append(all, Source{name + "." + field, from[field], form(value)})
		if value.Items != nil && len(value.Items.Value.Properties) > 0 {
			all = append(all, fields(name+"."+field, value.Items.Value)...)
		}
	}
	return all
}

func form(schema *openapi3.Schema) string {
	var says []string
	if schema.Type != nil {
		says = append(says, strings.Join(schema.Type.Slice(), " "))
	}
	if schema.Format != "" {
		says = append(says, schema.Format)
	}
	if schema.Pattern != "" {
		says = append(says, "`"+schema.Pattern+"`")
	}
	for _, value := range schema.Enum {
		says = append(says, fmt.Sprintf("`%v`", value))
	}
	return strings.Join(says, ", ")
}

func mapping(extensions map[string]any, name string) map[string]string {
	values := map[string]string{}
	object, _ := extensions[name].(map[string]any)
	for key, value := range object {
		values[key], _ = value.(string)
	}
	return values
}
