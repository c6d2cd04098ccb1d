# The secret goes from Cloudfleet to Vault, and is in no plan and no state.
variable "age_identity" {
  type        = string
  ephemeral   = true
  sensitive   = true
  description = "AGE-SECRET-KEY-1…, for example from the environment variable TF_VAR_age_identity."
}

resource "cloudfleet_api_token" "pipeline" {
  name             = "pipeline"
  role             = "User"
  rotation_trigger = "2026-Q1"
  encrypt_to = {
    age_recipients = ["age15wq38rk3fcl8fczt8gwhdkw4vq0dqv4ka9nc26x85rs4xnj0pfqq0zdk23"]
  }
}

resource "vault_kv_secret_v2" "pipeline" {
  mount = "secret"
  name  = "cloudfleet/pipeline"
  data_json_wo = jsonencode({
    username = cloudfleet_api_token.pipeline.id
    password = provider::cloudfleet::age_decrypt(cloudfleet_api_token.pipeline.encrypted_secrets.age, var.age_identity)
  })
  data_json_wo_version = cloudfleet_api_token.pipeline.secret_version
}
