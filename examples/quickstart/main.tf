# A registry, a token for a pipeline that pushes images, and one for a deployment that
# pulls them. The state has their secrets: use an encrypted backend.
#
# Run it with CLOUDFLEET_ORGANIZATION_ID, CLOUDFLEET_ACCESS_TOKEN_ID and
# CLOUDFLEET_ACCESS_TOKEN_SECRET in the environment. Needs Terraform or OpenTofu 1.8.

terraform {
  required_version = ">= 1.8"
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
  }
}

provider "cloudfleet" {}

variable "rotation" {
  description = "Changing it regenerates the pipeline's secret."
  type        = string
  default     = "2026-Q1"
}

data "cloudfleet_registry" "europe" {
  region = "europe"
}

resource "cloudfleet_api_token" "pipeline" {
  name             = "quickstart-pipeline"
  role             = "Administrator"
  rotation_trigger = var.rotation
}

resource "cloudfleet_api_token" "deployer" {
  name = "quickstart-deployer"
  role = "User"
}

output "registry" {
  description = "Log in here: docker login --username ID --password-stdin HOSTNAME."
  value       = data.cloudfleet_registry.europe.hostname
}

output "pipeline" {
  description = "User name and password for pushing and pulling."
  sensitive   = true
  value = {
    username = cloudfleet_api_token.pipeline.id
    password = cloudfleet_api_token.pipeline.secret
  }
}

output "deployer" {
  description = "User name and password for pulling."
  sensitive   = true
  value = {
    username = cloudfleet_api_token.deployer.id
    password = cloudfleet_api_token.deployer.secret
  }
}
