// Package functions has all functions of the provider. None needs a configured provider.
package functions

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/cfcr"
	"github.com/cloudfleet/terraform-provider-cloudfleet/internal/validate"
)

// All returns the functions for the provider to serve.
func All() []func() function.Function {
	var all []func() function.Function
	for _, f := range []pureFunction{registryHostname, imageRef, dockerConfigJSON} {
		all = append(all, func() function.Function { return f })
	}
	return append(all, NewAgeDecrypt)
}

// pureFunction is a function that depends only on its arguments. It needs no configured
// provider.
type pureFunction struct {
	name       string
	definition function.Definition
	run        func(context.Context, function.ArgumentsData) (any, *function.FuncError)
}

func (f pureFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = f.name
}

func (f pureFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = f.definition
}

func (f pureFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	result, err := f.run(ctx, req.Arguments)
	if err == nil {
		err = resp.Result.Set(ctx, result)
	}
	resp.Error = err
}

func parameter(name, description string, check func(string) error) function.StringParameter {
	return function.StringParameter{
		Name: name, MarkdownDescription: description,
		Validators: []function.StringParameterValidator{validate.Argument(check)},
	}
}

// funcError is an error that belongs to no argument. The checks of the arguments find all
// errors, so it would be a bug.
func funcError(err error) *function.FuncError {
	if err == nil {
		return nil
	}
	return function.NewFuncError(err.Error())
}

var registryHostname = pureFunction{
	name: "registry_hostname",
	definition: function.Definition{
		Summary: "Host name of an organization's registry in a region",
		MarkdownDescription: "Returns the host name of the container registry (CFCR) of an organization in a region, such as `" +
			cfcr.ExampleHostname + "`, for `docker login` and image references. The data source `cloudfleet_registry` does the " +
			"same, with the organization and the registry domain of the provider.",
		Parameters: []function.Parameter{
			parameter("organization_id", "ID of the organization, a UUID.", validate.UUID),
			parameter("region", "Region: `europe`, `northamerica` or `apac`. Each region stores its own images.", cfcr.CheckRegion),
		},
		Return: function.StringReturn{},
	},
	run: func(ctx context.Context, arguments function.ArgumentsData) (any, *function.FuncError) {
		var organizationID, region string
		err := arguments.Get(ctx, &organizationID, &region)
		return cfcr.Hostname(organizationID, region, cfcr.DefaultDomain), err
	},
}

var imageRef = pureFunction{
	name: "image_ref",
	definition: function.Definition{
		Summary: "Reference of an image by its tag or digest",
		MarkdownDescription: "Returns the reference of an image, as `docker pull` and a pod's `image` take it: " +
			"`HOSTNAME/REPOSITORY:TAG`, or `HOSTNAME/REPOSITORY@DIGEST`. An invalid part is an error in the plan.",
		Parameters: []function.Parameter{
			parameter("hostname", "Host name of the registry, with or without a port, from `registry_hostname` or the data source "+
				"`cloudfleet_registry`, without `https://`.", cfcr.CheckHostname),
			parameter("repository", "The repository in the registry, such as `shop/checkout`, in lower case.", cfcr.CheckRepository),
			parameter("reference", "Tag, such as `v1.4.2`, or digest, such as `sha256:` and 64 hexadecimal digits. A tag can be moved to another "+
				"image; a digest always refers to the same one. In `TAG@DIGEST`, the digest decides.", cfcr.CheckReference),
		},
		Return: function.StringReturn{},
	},
	run: func(ctx context.Context, arguments function.ArgumentsData) (any, *function.FuncError) {
		var hostname, repository, tagOrDigest string
		if err := arguments.Get(ctx, &hostname, &repository, &tagOrDigest); err != nil {
			return nil, err
		}
		ref, err := cfcr.ImageRef(hostname, repository, tagOrDigest)
		return ref, funcError(err)
	},
}

var dockerConfigJSON = pureFunction{
	name: "docker_config_json",
	definition: function.Definition{
		Summary: "Docker configuration with the credentials for a registry",
		MarkdownDescription: "Returns Docker's configuration with the credentials for a registry as JSON, exactly as `kubectl create " +
			"secret docker-registry` writes it. Use it as `.dockerconfigjson` in a Kubernetes secret of the type " +
			"`kubernetes.io/dockerconfigjson`, or as `config.json` in the folder that `DOCKER_CONFIG` names. It contains the password, " +
			"and is sensitive if the password is.",
		Parameters: []function.Parameter{
			parameter("hostname", "Host name of the registry, with or without a port, from `registry_hostname` or the data source "+
				"`cloudfleet_registry`, without `https://`.", cfcr.CheckHostname),
			parameter("username", "User name: the `id` of a `cloudfleet_api_token`.", cfcr.CheckUsername),
			parameter(
				"password",
				"Password: the `secret` of that `cloudfleet_api_token`. It must not be null, as it is with `encrypt_to` (use "+
					"`age_decrypt`) and after an import.",
				cfcr.CheckPassword,
			),
		},
		VariadicParameter: parameter("more_hostnames", "Host names of further registries with the same credentials.", cfcr.CheckHostname),
		Return:            function.StringReturn{},
	},
	run: func(ctx context.Context, arguments function.ArgumentsData) (any, *function.FuncError) {
		var hostname, username, password string
		var more []string
		if err := arguments.Get(ctx, &hostname, &username, &password, &more); err != nil {
			return nil, err
		}
		text, err := cfcr.Auths(hostname, username, password, more...)
		return text, funcError(err)
	},
}
