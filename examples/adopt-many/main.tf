# Brings many existing tokens under Terraform's management in one apply, without a change at
# Cloudfleet. For their secrets, set TF_VAR_secrets to a map by name, and
# TF_VAR_secrets_version to 1.
#
# Afterwards replace the value of local.tokens by the output: until then, a token that is
# renamed in the Console is not renamed back.
#
# Run it with CLOUDFLEET_… of an Administrator token in the environment. Needs Terraform or
# OpenTofu 1.11; without the secrets, 1.8.

terraform {
  required_version = ">= 1.11"
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
  }
}

provider "cloudfleet" {}

variable "secrets" {
  description = "Secrets of all these tokens, by name."
  type        = map(string)
  default     = {}
  ephemeral   = true
}

variable "secrets_version" {
  description = "Changing it stores the secrets. Null: they are not known."
  type        = number
  default     = null
}

data "cloudfleet_api_tokens" "pipelines" {
  name_regex = "^(github|gitlab)-"
}

locals {
  tokens = { for t in data.cloudfleet_api_tokens.pipelines.tokens : t.name => { id = t.id, role = t.role } }
}

import {
  for_each = local.tokens
  to       = cloudfleet_api_token.pipeline[each.key]
  id       = each.value.id
}

resource "cloudfleet_api_token" "pipeline" {
  for_each = local.tokens

  name              = each.key
  role              = each.value.role
  secret_wo         = lookup(var.secrets, each.key, null)
  secret_wo_version = var.secrets_version
}

output "tokens" {
  description = "The adopted tokens."
  value       = local.tokens
}
