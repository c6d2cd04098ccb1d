# Revokes a leaked secret:
#   terraform apply -var leaked_token=2iKo4Asy51EUx2gpJFW76t \
#     -invoke=action.cloudfleet_revoke_api_token_secret.leaked
variable "leaked_token" {
  description = "ID of the token whose secret has leaked."
  type        = string
  default     = null
}

action "cloudfleet_revoke_api_token_secret" "leaked" {
  config {
    id = var.leaked_token
  }
}
