# Lets the workflows of a GitHub repository push images: the registry and the user name are
# in variables, and the password in a secret.
#
# Run it with CLOUDFLEET_… and GITHUB_TOKEN in the environment. Rotate with
# -var rotation=2026-Q2. Needs Terraform or OpenTofu 1.8. Tested with a stand-in for github.

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
      error_message = "The state has no secret of the token. Set secret_wo, or change rotation_trigger twice, with -target for the token."
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
