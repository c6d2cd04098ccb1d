# Stores a token in Vault. `age-keygen` makes the key.
#
# Run it with CLOUDFLEET_…, VAULT_ADDR, VAULT_TOKEN and TF_VAR_age_identity in the
# environment. Rotate with -var rotation=2026-Q2. Needs Terraform or OpenTofu 1.11. Tested
# with a stand-in for vault.

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
      error_message = "The state has no secret of the token. Set secret_wo, or change rotation_trigger twice, with -target for the token."
    }
  }
}
