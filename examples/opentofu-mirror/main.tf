# A token with which machines install the provider from your own registry. The state has its
# secret: use an encrypted backend.
#
# Run it with CLOUDFLEET_… in the environment. Needs OpenTofu 1.10.

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
