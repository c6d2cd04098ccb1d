# A module that gives a team a token. `terraform test` runs the tests beside it without an
# account and without CLOUDFLEET_… in the environment. Needs Terraform or OpenTofu 1.8.

terraform {
  required_version = ">= 1.8"
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
  }
}

variable "team" {
  description = "Name of the team."
  type        = string
}

variable "push" {
  description = "Whether the team pushes images."
  type        = bool
  default     = false
}

data "cloudfleet_registry" "this" {}

resource "cloudfleet_api_token" "this" {
  name = "team-${var.team}"
  role = var.push ? "Administrator" : "User"
}

output "image" {
  description = "The team's image."
  value       = provider::cloudfleet::image_ref(data.cloudfleet_registry.this.hostname, "${var.team}/app", "v1")
}

output "docker_config_json" {
  description = "Docker configuration with the login."
  sensitive   = true
  value = provider::cloudfleet::docker_config_json(
    data.cloudfleet_registry.this.hostname, cloudfleet_api_token.this.id, cloudfleet_api_token.this.secret,
  )
}
