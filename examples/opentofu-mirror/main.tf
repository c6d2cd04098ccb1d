# A token with which machines install the provider from your own registry. Needs
# OpenTofu 1.10. Run `tofu apply` as an administrator of the organization, with
# CLOUDFLEET_ORGANIZATION_ID, CLOUDFLEET_ACCESS_TOKEN_ID and
# CLOUDFLEET_ACCESS_TOKEN_SECRET in the environment. The state has the secret: keep it
# in an encrypted backend.

terraform {
  required_version = ">= 1.10"
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
  }
}

provider "cloudfleet" {}

data "cloudfleet_registry" "mirror" {
  region = "europe"
}

resource "cloudfleet_api_token" "install" {
  name             = "opentofu-provider-mirror"
  role             = "User" # it pulls, and cannot push
  rotation_trigger = "2026-Q4"
}

output "registry_hostname" {
  description = "Push the provider to this host, and put it into tofu.rc."
  value       = data.cloudfleet_registry.mirror.hostname
}

output "install" {
  description = "User name and password for docker login on the machines that run tofu init."
  sensitive   = true
  value = {
    username = cloudfleet_api_token.install.id
    password = cloudfleet_api_token.install.secret
  }
}
