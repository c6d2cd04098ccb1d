# Reports API tokens that were not rotated for too long, and Administrator tokens that nobody
# has approved. It changes nothing: each finding is a warning of the plan.
#
# Run it on a schedule, with CLOUDFLEET_… of an Administrator token in the environment. Needs
# Terraform or OpenTofu 1.8.

terraform {
  required_version = ">= 1.8"
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
  }
}

provider "cloudfleet" {}

variable "max_age_days" {
  description = "Days after which a token has to be rotated."
  type        = number
  default     = 90
}

variable "administrators" {
  description = "Names of the tokens that may have the role Administrator."
  type        = set(string)
}

data "cloudfleet_api_tokens" "old" {
  older_than_days = var.max_age_days
}

data "cloudfleet_api_tokens" "administrators" {
  role = "Administrator"
}

locals {
  old        = [for t in data.cloudfleet_api_tokens.old.tokens : "${t.name} (${t.id}, changed ${t.updated_at})"]
  unapproved = [for t in data.cloudfleet_api_tokens.administrators.tokens : "${t.name} (${t.id})" if !contains(var.administrators, t.name)]
}

check "age" {
  assert {
    condition     = length(local.old) == 0
    error_message = "Not rotated for ${var.max_age_days} days: ${join(", ", local.old)}."
  }
}

check "administrators" {
  assert {
    condition     = length(local.unapproved) == 0
    error_message = "Administrator tokens that are not approved: ${join(", ", local.unapproved)}."
  }
}
