# Lets the pipelines of a GitLab project push images. Only protected branches get the
# password, masked in logs. The state has it, too: use an encrypted backend.
#
# Run it with CLOUDFLEET_… and GITLAB_TOKEN in the environment. Rotate with
# -var rotation=2026-Q2. Needs Terraform or OpenTofu 1.8. Tested with a stand-in for gitlab.

terraform {
  required_version = ">= 1.8"
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
    gitlab = {
      source = "gitlabhq/gitlab"
    }
  }
}

provider "cloudfleet" {}

provider "gitlab" {}

variable "project" {
  description = "Path of the project, such as shop/checkout."
  type        = string
}

variable "rotation" {
  description = "Changing it regenerates the password."
  type        = string
  default     = "2026-Q1"
}

data "cloudfleet_registry" "europe" {}

resource "cloudfleet_api_token" "push" {
  name             = "gitlab-${var.project}"
  role             = "Administrator"
  rotation_trigger = var.rotation
}

resource "gitlab_project_variable" "login" {
  for_each = {
    CFCR_REGISTRY = data.cloudfleet_registry.europe.hostname
    CFCR_USER     = cloudfleet_api_token.push.id
  }
  project = var.project
  key     = each.key
  value   = each.value
}

resource "gitlab_project_variable" "password" {
  project   = var.project
  key       = "CFCR_PASSWORD"
  value     = cloudfleet_api_token.push.secret
  protected = true
  masked    = true

  lifecycle {
    precondition {
      condition     = cloudfleet_api_token.push.secret != null
      error_message = "The state has no secret of the token. Set secret_wo, or change rotation_trigger twice, with -target for the token."
    }
  }
}
