package examples_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	datasourceschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	providerschema "github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/crypto/nacl/box"
)

// vendors are stand-ins for all providers that the examples use. Their schemas are
// compared with the real ones in testdata (facts_test.go), or follow the documentation.
// They also have the rules between attributes that an example could violate.
type vendors struct {
	github, gitlab, helm, kubernetes, local, time, vault *standIn

	// githubPublic and githubPrivate are a repository's keys.
	githubPublic, githubPrivate *[32]byte
	// later is how many seconds the provider time is ahead of the clock.
	later atomic.Int64
}

const githubKeyID = "568250167242549743"

func newVendors(t *testing.T) *vendors {
	t.Helper()
	v := &vendors{}
	var err error
	v.githubPublic, v.githubPrivate, err = box.GenerateKey(rand.Reader)
	must(t, err)

	v.github = &standIn{
		name: "github",
		schema: providerschema.Schema{Attributes: map[string]providerschema.Attribute{
			"owner": providerschema.StringAttribute{Optional: true},
		}},
		dataSources: map[string]source{"github_actions_public_key": {
			datasourceschema.Schema{Attributes: map[string]datasourceschema.Attribute{
				"repository": datasourceschema.StringAttribute{Required: true},
				"key":        datasourceschema.StringAttribute{Computed: true},
				"key_id":     datasourceschema.StringAttribute{Computed: true},
			}},
			map[string]string{"key": base64.StdEncoding.EncodeToString(v.githubPublic[:]), "key_id": githubKeyID},
		}},
		resources: map[string]kind{
			"github_actions_secret": of(map[string]schema.Attribute{
				"repository": required, "secret_name": required, "value_encrypted": sensitive,
				"key_id": schema.StringAttribute{Optional: true, Computed: true, Validators: []validator.String{
					stringvalidator.AlsoRequires(path.MatchRoot("value_encrypted")),
				}},
			}),
			"github_actions_variable": of(map[string]schema.Attribute{
				"repository": required, "variable_name": required, "value": required,
			}),
		},
	}
	v.gitlab = &standIn{name: "gitlab", resources: map[string]kind{
		"gitlab_project_variable": of(map[string]schema.Attribute{
			"project": required, "key": required, "value": schema.StringAttribute{Required: true, Sensitive: true},
			"protected": schema.BoolAttribute{Optional: true}, "masked": schema.BoolAttribute{Optional: true},
		}),
	}}
	kv := of(map[string]schema.Attribute{
		"mount": required, "name": required,
		"data_json_wo": schema.StringAttribute{Required: true, WriteOnly: true},
		// Optional in the real provider, but without it no rotation would arrive.
		"data_json_wo_version": schema.Int64Attribute{Required: true},
	})
	kv.versions = map[string]string{"data_json_wo": "data_json_wo_version"}
	v.vault = &standIn{name: "vault", resources: map[string]kind{"vault_kv_secret_v2": kv}}
	v.kubernetes = newKubernetes()
	v.helm = &standIn{
		name: "helm",
		schema: providerschema.Schema{Attributes: map[string]providerschema.Attribute{
			"registry_config_path": providerschema.StringAttribute{Optional: true},
			"registries": providerschema.ListNestedAttribute{Optional: true, NestedObject: providerschema.NestedAttributeObject{
				Attributes: map[string]providerschema.Attribute{
					"url":      providerschema.StringAttribute{Required: true},
					"username": providerschema.StringAttribute{Required: true},
					"password": providerschema.StringAttribute{Required: true},
				},
			}},
		}},
		resources: map[string]kind{"helm_release": of(map[string]schema.Attribute{
			"name": required, "repository": required, "chart": required, "version": required,
		})},
	}
	v.local = &standIn{name: "local", resources: map[string]kind{
		"local_file": of(map[string]schema.Attribute{"filename": required, "content": required}),
	}}
	v.time = v.newTime()
	return v
}

// standIns returns the stand-ins by their source addresses.
func (v *vendors) standIns() map[string]*standIn {
	return map[string]*standIn{
		"integrations/github": v.github, "gitlabhq/gitlab": v.gitlab, "hashicorp/helm": v.helm, "hashicorp/kubernetes": v.kubernetes,
		"hashicorp/local": v.local, "hashicorp/time": v.time, "hashicorp/vault": v.vault,
	}
}

var (
	required  = schema.StringAttribute{Required: true}
	sensitive = schema.StringAttribute{Optional: true, Sensitive: true}
	computed  = schema.StringAttribute{Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}}
)

// of returns a kind of resource with these attributes and an id, as the plugin SDK
// declares one.
func of(attributes map[string]schema.Attribute) kind {
	attributes["id"] = schema.StringAttribute{
		Optional: true, Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
	return kind{schema: schema.Schema{Attributes: attributes}}
}

func newKubernetes() *standIn {
	metadata := schema.ListNestedBlock{NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
		"name": schema.StringAttribute{Optional: true, Computed: true}, "namespace": schema.StringAttribute{Optional: true},
	}}}
	texts := schema.MapAttribute{ElementType: types.StringType, Optional: true, Computed: true, Sensitive: true}
	secret := of(map[string]schema.Attribute{
		"type": schema.StringAttribute{Optional: true},
		"data": texts,
		// Without a revision, the real provider writes an empty secret, and no rotation
		// arrives.
		"data_wo": schema.MapAttribute{ElementType: types.StringType, Optional: true, WriteOnly: true, Validators: []validator.Map{
			mapvalidator.AlsoRequires(path.MatchRoot("data_wo_revision")),
		}},
		"data_wo_revision": schema.Int64Attribute{Optional: true},
	})
	secret.versions = map[string]string{"data_wo": "data_wo_revision"}
	secret.schema.Blocks = map[string]schema.Block{"metadata": metadata}
	pod := of(map[string]schema.Attribute{})
	pod.schema.Blocks = map[string]schema.Block{
		"metadata": metadata,
		"spec": schema.ListNestedBlock{NestedObject: schema.NestedBlockObject{Blocks: map[string]schema.Block{
			"container": schema.ListNestedBlock{NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
				"name": required, "image": required,
			}}},
		}}},
	}
	return &standIn{name: "kubernetes", resources: map[string]kind{"kubernetes_secret_v1": secret, "kubernetes_pod_v1": pod}}
}

// newTime is a provider whose resource leaves the state when its time is over, so that
// the next plan creates another, as time_rotating does.
func (v *vendors) newTime() *standIn {
	now := func() time.Time { return time.Now().UTC().Add(time.Duration(v.later.Load()) * time.Second) }
	rotating := of(map[string]schema.Attribute{
		"rotation_months": schema.Int64Attribute{Optional: true},
		"rotation_rfc3339": schema.StringAttribute{
			Optional: true, Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
	})
	rotating.schema.Attributes["id"] = computed
	rotating.compute = func(ctx context.Context, state *tfsdk.State) diag.Diagnostics {
		var months int64
		diags := state.GetAttribute(ctx, path.Root("rotation_months"), &months)
		diags.Append(state.SetAttribute(ctx, path.Root("id"), now().Format(time.RFC3339))...)
		return append(diags, state.SetAttribute(ctx, path.Root("rotation_rfc3339"), now().AddDate(0, int(months), 0).Format(time.RFC3339))...)
	}
	rotating.gone = func(ctx context.Context, state tfsdk.State) bool {
		var until string
		diags := state.GetAttribute(ctx, path.Root("rotation_rfc3339"), &until)
		end, err := time.Parse(time.RFC3339, until)
		return !diags.HasError() && err == nil && now().After(end)
	}
	return &standIn{name: "time", resources: map[string]kind{"time_rotating": rotating}}
}
