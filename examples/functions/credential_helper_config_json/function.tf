# For a machine with Cloudfleet's CLI: it logs in to the registry of each region.
locals {
  hostnames = [
    for region in ["europe", "northamerica", "apac"] :
    provider::cloudfleet::registry_hostname("12345678-6651-4e5d-9c04-079f6532989b", region)
  ]
}

# A folder of its own, for DOCKER_CONFIG: a destroy would delete ~/.docker/config.json
# with all other logins in it.
resource "local_file" "docker_config" {
  filename = pathexpand("~/.docker-cloudfleet/config.json")
  content  = provider::cloudfleet::credential_helper_config_json(local.hostnames)
}
