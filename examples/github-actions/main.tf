# Lets the GitHub Actions workflows of a repository push images. They find the registry
# and the user name in variables, and the password in a secret. The password is encrypted
# to the repository's key before it is stored, so no plan and no state has it.
#
# The token is an Administrator: it can also manage the organization's tokens. Everyone
# who can change the workflows can use it.
#
# Run it with CLOUDFLEET_… and GITHUB_TOKEN in the environment. Rotate the password with
# -var rotation=2026-Q2. Needs Terraform or OpenTofu 1.8. Tested against a stand-in for the
# provider github.

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
  }
}

provider "cloudfleet" {}

provider "github" {
  owner = var.owner
}

variable "owner" {
  description = "The user or organization that owns the repository."
  type        = string
}

variable "repository" {
  description = "Name of the repository, without its owner."
  type        = string
}

variable "rotation" {
  description = "Changing it regenerates the password."
  type        = string
  default     = "2026-Q1"
}

data "cloudfleet_registry" "europe" {}

data "github_actions_public_key" "this" {
  repository = var.repository
}

resource "cloudfleet_api_token" "push" {
  name             = "github-${var.owner}-${var.repository}"
  role             = "Administrator"
  rotation_trigger = var.rotation
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
      error_message = "The state has no secret of the token. Set secret_wo and secret_wo_version, or change rotation_trigger twice, each with -target for this token."
    }
  }
}

resource "github_actions_variable" "login" {
  for_each = {
    REGISTRY      = data.cloudfleet_registry.europe.hostname
    REGISTRY_USER = cloudfleet_api_token.push.id
  }
  repository    = var.repository
  variable_name = each.key
  value         = each.value
}
