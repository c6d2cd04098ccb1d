# A cluster of another organization, or elsewhere, pulls images with this secret.
resource "cloudfleet_api_token" "puller" {
  name = "staging-cluster"
  role = "User"
}

data "cloudfleet_registry" "europe" {}

resource "kubernetes_secret_v1" "cloudfleet" {
  metadata {
    name = "cloudfleet-registry"
  }
  type = "kubernetes.io/dockerconfigjson"
  data = {
    ".dockerconfigjson" = provider::cloudfleet::docker_config_json(
      data.cloudfleet_registry.europe.hostname,
      cloudfleet_api_token.puller.id,
      cloudfleet_api_token.puller.secret,
    )
  }
}
