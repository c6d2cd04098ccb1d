# Rotates the password of a pipeline each quarter, and stores it in GitHub Actions.
#
# Run it on a schedule, with CLOUDFLEET_…, GITHUB_TOKEN and GITHUB_OWNER in the environment.
# Needs Terraform or OpenTofu 1.8. Tested with stand-ins for github and time.

terraform {
  required_version = ">= 1.8"
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
    github = {
      source  = "integrations/github"
      version = ">= 6.12"
    }
    time = {
      source = "hashicorp/time"
    }
  }
}

provider "cloudfleet" {}

provider "github" {}

variable "repository" {
  description = "Name of the repository, without its owner."
  type        = string
}

resource "time_rotating" "quarter" {
  rotation_months = 3
}

data "github_actions_public_key" "this" {
  repository = var.repository
}

resource "cloudfleet_api_token" "push" {
  name             = "github-${var.repository}"
  role             = "Administrator"
  rotation_trigger = time_rotating.quarter.id
  encrypt_to = {
    github_public_key = data.github_actions_public_key.this.key
  }
}

resource "github_actions_secret" "password" {
  repository      = var.repository
  secret_name     = "REGISTRY_PASSWORD"
  key_id          = data.github_actions_public_key.this.key_id
  value_encrypted = cloudfleet_api_token.push.encrypted_secrets.github

  lifecycle {
    precondition {
      condition     = cloudfleet_api_token.push.encrypted_secrets != null
      error_message = "The state has no secret of the token. Set secret_wo, or change rotation_trigger twice, with -target for the token."
    }
  }
}

output "registry_user" {
  description = "The user name that belongs to the password. It stays when that is rotated."
  value       = cloudfleet_api_token.push.id
}

output "next_rotation" {
  description = "The first run after this rotates."
  value       = time_rotating.quarter.rotation_rfc3339
}
