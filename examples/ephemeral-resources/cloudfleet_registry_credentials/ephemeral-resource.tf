# Installs a Helm chart from the registry: in a pipeline with the provider's access
# token, on a developer's machine with the login of Cloudfleet's CLI. The provider helm
# writes the login to a file: remove it after the run.
ephemeral "cloudfleet_registry_credentials" "europe" {
  region = "europe"
}

provider "helm" {
  registry_config_path = "helm-registry.json"
  registries = [{
    url      = "oci://${ephemeral.cloudfleet_registry_credentials.europe.hostname}"
    username = ephemeral.cloudfleet_registry_credentials.europe.username
    password = ephemeral.cloudfleet_registry_credentials.europe.password
  }]
}

data "cloudfleet_registry" "europe" {
  region = "europe"
}

resource "helm_release" "checkout" {
  name       = "checkout"
  repository = "oci://${data.cloudfleet_registry.europe.hostname}/charts"
  chart      = "checkout"
  version    = "1.4.2"
}
