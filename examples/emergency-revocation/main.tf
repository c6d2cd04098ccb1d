# Revokes a leaked secret immediately. The next `terraform apply` issues a new one.
#   terraform apply -invoke=action.cloudfleet_revoke_api_token_secret.pipeline
#
# Run it with CLOUDFLEET_… of another Administrator token in the environment. Needs
# Terraform 1.14: OpenTofu has no actions.

terraform {
  required_version = ">= 1.14"
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
  }
}

provider "cloudfleet" {}

resource "cloudfleet_api_token" "pipeline" {
  name          = "pipeline"
  role          = "Administrator"
  verify_secret = true
}

action "cloudfleet_revoke_api_token_secret" "pipeline" {
  config {
    id = cloudfleet_api_token.pipeline.id
  }
}

output "docker_login" {
  description = "User name and password for the pipeline."
  sensitive   = true
  value = {
    username = cloudfleet_api_token.pipeline.id
    password = cloudfleet_api_token.pipeline.secret
  }
}
