# For a machine with Cloudfleet's CLI: it logs in to the registry of each region.
locals {
  hostnames = [
    for region in ["europe", "northamerica", "apac"] :
    provider::cloudfleet::registry_hostname("12345678-6651-4e5d-9c04-079f6532989b", region)
  ]
}

# A separate folder for DOCKER_CONFIG. A destroy of ~/.docker/config.json would delete
# all other logins.
resource "local_file" "docker_config" {
  filename = pathexpand("~/.docker-cloudfleet/config.json")
  content  = provider::cloudfleet::credential_helper_config_json(local.hostnames)
}
