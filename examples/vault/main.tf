# Stores a token in Vault, for everything that pulls images. The secret is encrypted to an
# age key on its way, and a write-only argument takes it: no plan and no state has it.
#
# Run it with CLOUDFLEET_…, VAULT_ADDR, VAULT_TOKEN and TF_VAR_age_identity in the
# environment. `age-keygen` makes the key. Rotate with -var rotation=2026-Q2. Needs Terraform
# or OpenTofu 1.11. Tested against a stand-in for the provider vault.

terraform {
  required_version = ">= 1.11"
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
    vault = {
      source  = "hashicorp/vault"
      version = ">= 5.0"
    }
  }
}

provider "cloudfleet" {}

provider "vault" {}

variable "age_recipient" {
  description = "The public key, age1…: the secret is encrypted to it."
  type        = string
}

variable "age_identity" {
  description = "The private key, AGE-SECRET-KEY-1…: decrypts the secret, during the run only."
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "rotation" {
  description = "Changing it regenerates the secret."
  type        = string
  default     = "2026-Q1"
}

resource "cloudfleet_api_token" "pull" {
  name             = "vault-pull"
  role             = "User"
  rotation_trigger = var.rotation
  encrypt_to = {
    age_recipients = [var.age_recipient]
  }
}

resource "vault_kv_secret_v2" "pull" {
  mount = "secret"
  name  = "cloudfleet/pull"
  data_json_wo = jsonencode({
    username = cloudfleet_api_token.pull.id
    password = provider::cloudfleet::age_decrypt(cloudfleet_api_token.pull.encrypted_secrets.age, var.age_identity)
  })
  data_json_wo_version = cloudfleet_api_token.pull.secret_version

  lifecycle {
    precondition {
      condition     = cloudfleet_api_token.pull.encrypted_secrets != null
      error_message = "The state has no secret of the token. Set secret_wo and secret_wo_version, or change rotation_trigger twice, each with -target for this token."
    }
  }
}
