# Kills a secret that has leaked, within seconds and without a plan of anything else:
#   terraform apply -invoke=action.cloudfleet_revoke_api_token_secret.pipeline
# The token is then without a good secret, so its pipeline stands still. The next
# `terraform apply` finds that out and issues a new one.
#
# Whoever is on call runs this, with CLOUDFLEET_… in the environment. Needs Terraform 1.14:
# OpenTofu has no actions.

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
