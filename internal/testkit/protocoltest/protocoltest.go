// Package protocoltest calls the provider as Terraform's core does, over plugin protocol
// 6 but inside the test: it needs no CLI, and reaches what a CLI does not show. Values
// are plain maps. A mistake in the test, such as an argument that no schema has, panics.
package protocoltest

import (
	"context"
	"iter"
	"maps"
	"net/http"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/provider"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/providerdata"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/testkit/acctest"
)

// Provider is a configured provider.
type Provider struct {
	server     server
	schemas    *tfprotov6.GetProviderSchemaResponse
	identities map[string]*tfprotov6.ResourceIdentitySchema
}

type server interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
}

// Start configures a provider with an Administrator's credentials and without retries, so
// that injected faults show. arguments replace these; nil removes one.
func Start(t *testing.T, cloud *acctest.Cloud, arguments map[string]any) *Provider {
	t.Helper()
	return StartIn(t, nil, cloud, arguments)
}

// StartOver is Start with another network; nil is the machine's.
func StartOver(t *testing.T, network http.RoundTripper, cloud *acctest.Cloud, arguments map[string]any) *Provider {
	t.Helper()
	process := providerdata.ProcessUntil(func() bool { return false })
	process.Network = network
	return StartIn(t, process, cloud, arguments)
}

// StartIn is Start in a process whose CLI may end.
func StartIn(t *testing.T, process *providerdata.Process, cloud *acctest.Cloud, arguments map[string]any) *Provider {
	t.Helper()
	config := map[string]any{
		"endpoint": cloud.Endpoint, "organization_id": cloud.OrganizationID,
		"access_token_id": cloud.TokenID, "access_token_secret": cloud.TokenSecret, "max_retries": 0,
	}
	maps.Copy(config, arguments)
	p, diags := configure(t, process, config)
	if diags.HasError() {
		t.Fatal(diags)
	}
	return p
}

// Configure configures a provider with only these arguments, and returns its diagnostics.
func Configure(t *testing.T, arguments map[string]any) (*Provider, Diags) {
	t.Helper()
	return configure(t, nil, arguments)
}

func configure(t *testing.T, process *providerdata.Process, arguments map[string]any) (*Provider, Diags) {
	t.Helper()
	full := must(as[server](must(providerserver.NewProtocol6WithError(provider.NewInProcess("test", process))())))
	ctx := t.Context()
	schemas, identities := schemas()
	packed := pack(encode(schemas.Provider.ValueType(), arguments))
	diags := Diags(append(schemas.Diagnostics, identities.Diagnostics...))
	valid := must(full.ValidateProviderConfig(ctx, &tfprotov6.ValidateProviderConfigRequest{Config: packed}))
	if diags = append(diags, valid.Diagnostics...); !diags.HasError() {
		configured := must(full.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{TerraformVersion: "1.14.0", Config: packed}))
		diags = append(diags, configured.Diagnostics...)
	}
	return &Provider{full, schemas, identities.IdentitySchemas}, diags
}

// schemas reads the provider's schemas once: they are the same for all tests.
var schemas = sync.OnceValues(func() (*tfprotov6.GetProviderSchemaResponse, *tfprotov6.GetResourceIdentitySchemasResponse) {
	full := must(as[server](must(providerserver.NewProtocol6WithError(provider.New("test")())())))
	ctx := context.Background()
	return must(full.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})),
		must(full.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{}))
})

// Data reads a data source.
func (p *Provider) Data(ctx context.Context, typeName string, config map[string]any) (map[string]any, Diags) {
	typ := p.schemas.DataSourceSchemas[typeName].ValueType()
	packed := pack(encode(typ, config))
	valid := must(p.server.ValidateDataResourceConfig(ctx, &tfprotov6.ValidateDataResourceConfigRequest{TypeName: typeName, Config: packed}))
	if Diags(valid.Diagnostics).HasError() {
		return nil, valid.Diagnostics
	}
	read := must(p.server.ReadDataSource(ctx, &tfprotov6.ReadDataSourceRequest{TypeName: typeName, Config: packed}))
	return object(unpack(typ, read.State)), append(valid.Diagnostics, read.Diagnostics...)
}

// Open opens an ephemeral resource. Call the returned function at the end of the run.
func (p *Provider) Open(ctx context.Context, typeName string, config map[string]any) (map[string]any, func(context.Context) Diags, Diags) {
	typ := p.schemas.EphemeralResourceSchemas[typeName].ValueType()
	packed := pack(encode(typ, config))
	valid := must(
		p.server.ValidateEphemeralResourceConfig(ctx, &tfprotov6.ValidateEphemeralResourceConfigRequest{TypeName: typeName, Config: packed}),
	)
	opened := must(p.server.OpenEphemeralResource(ctx, &tfprotov6.OpenEphemeralResourceRequest{TypeName: typeName, Config: packed}))
	return object(unpack(typ, opened.Result)), func(ctx context.Context) Diags {
		return must(p.server.CloseEphemeralResource(ctx, &tfprotov6.CloseEphemeralResourceRequest{
			TypeName: typeName, Private: opened.Private,
		})).Diagnostics
	}, append(valid.Diagnostics, opened.Diagnostics...)
}

// Listed is a result of a list: a resource, or diagnostics, or both. Resource is nil
// unless requested.
type Listed struct {
	DisplayName        string
	Identity, Resource map[string]any
	Diags              Diags
}

// List yields the results of a list one by one, so that a test can stop early. The
// provider gets the limit, but more results are not dropped.
func (p *Provider) List(ctx context.Context, typeName string, config map[string]any, limit int64, includeResource bool) iter.Seq[Listed] {
	packed := pack(encode(p.schemas.ListResourceSchemas[typeName].ValueType(), config))
	return func(yield func(Listed) bool) {
		valid := must(p.server.ValidateListResourceConfig(ctx, &tfprotov6.ValidateListResourceConfigRequest{TypeName: typeName, Config: packed}))
		if Diags(valid.Diagnostics).HasError() {
			yield(Listed{Diags: valid.Diagnostics})
			return
		}
		stream := must(p.server.ListResource(ctx, &tfprotov6.ListResourceRequest{
			TypeName: typeName, Config: packed, Limit: limit, IncludeResource: includeResource,
		}))
		for result := range stream.Results {
			resource := object(unpack(p.schemas.ResourceSchemas[typeName].ValueType(), result.Resource))
			if !yield(Listed{result.DisplayName, p.identity(typeName, result.Identity), resource, result.Diagnostics}) {
				return
			}
		}
	}
}

// PlanAction plans an action. Unknown values are Unknown in config.
func (p *Provider) PlanAction(ctx context.Context, actionType string, config map[string]any) Diags {
	packed := pack(encode(p.schemas.ActionSchemas[actionType].Schema.ValueType(), config))
	valid := must(p.server.ValidateActionConfig(ctx, &tfprotov6.ValidateActionConfigRequest{ActionType: actionType, Config: packed}))
	if Diags(valid.Diagnostics).HasError() {
		return valid.Diagnostics
	}
	planned := must(p.server.PlanAction(ctx, &tfprotov6.PlanActionRequest{ActionType: actionType, Config: packed}))
	return append(valid.Diagnostics, planned.Diagnostics...)
}

// Invoke runs an action. progress is called with each message as it arrives.
func (p *Provider) Invoke(ctx context.Context, actionType string, config map[string]any, progress func(string)) (diags Diags) {
	packed := pack(encode(p.schemas.ActionSchemas[actionType].Schema.ValueType(), config))
	stream := must(p.server.InvokeAction(ctx, &tfprotov6.InvokeActionRequest{ActionType: actionType, Config: packed}))
	for event := range stream.Events {
		switch e := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			progress(e.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			diags = append(diags, e.Diagnostics...)
		}
	}
	return diags
}

func (p *Provider) identity(typeName string, data *tfprotov6.ResourceIdentityData) map[string]any {
	if data == nil {
		return nil
	}
	return object(unpack(p.identities[typeName].ValueType(), data.IdentityData))
}
