# Reports old API tokens that no configuration rotates, and Administrator tokens that nobody
# has approved. Each finding is a warning of the plan.
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

variable "rotated" {
  description = "IDs of the tokens that a configuration rotates, both of a pair. Their rotation_due has a check there."
  type        = set(string)
  default     = []
}

variable "administrators" {
  description = "IDs of the tokens that may have the role Administrator."
  type        = set(string)
}

data "cloudfleet_api_tokens" "all" {}

locals {
  tokens = data.cloudfleet_api_tokens.all.tokens
  limit  = timeadd(plantimestamp(), "-${var.max_age_days * 24}h")
  old = [for t in local.tokens : "${t.name} (${t.id}, created ${coalesce(t.created_at, "at an unknown time")})"
  if !contains(var.rotated, t.id) && timecmp(coalesce(t.created_at, local.limit), local.limit) <= 0]
  unapproved = [for t in local.tokens : "${t.name} (${t.id})" if t.role == "Administrator" && !contains(var.administrators, t.id)]
}

check "age" {
  assert {
    condition     = length(local.old) == 0
    error_message = "Older than ${var.max_age_days} days, and not known to be rotated: ${join(", ", local.old)}."
  }
}

check "administrators" {
  assert {
    condition     = length(local.unapproved) == 0
    error_message = "Administrator tokens that are not approved: ${join(", ", local.unapproved)}."
  }
}
