# Rotates the provider's own token without locking the provider out.
#
# 1. Run it with CLOUDFLEET_… of the provider's Administrator token in the environment. The
#    first run adopts that token.
# 2. Rotate with -var rotation=2026-Q2, and store the output `credentials` where your runs
#    take CLOUDFLEET_ACCESS_TOKEN_ID and CLOUDFLEET_ACCESS_TOKEN_SECRET from.
#
# The state has the secret: use an encrypted backend. Needs Terraform or OpenTofu 1.8.

terraform {
  required_version = ">= 1.8"
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
  }
}

provider "cloudfleet" {}

variable "token_id" {
  description = "ID of the token that the provider uses at first."
  type        = string
}

variable "rotation" {
  description = "Changing it rotates the token."
  type        = string
  default     = "2026-Q1"
}

import {
  to = cloudfleet_rotating_api_token.terraform
  id = var.token_id
}

resource "cloudfleet_rotating_api_token" "terraform" {
  name             = "terraform"
  role             = "Administrator"
  rotation_trigger = var.rotation

  lifecycle {
    prevent_destroy = true
  }
}

output "credentials" {
  description = "The current credentials. The secret is null until the first rotation."
  sensitive   = true
  value = {
    access_token_id     = cloudfleet_rotating_api_token.terraform.token_id
    access_token_secret = cloudfleet_rotating_api_token.terraform.secret
  }
}
