variable "emergency_key" {
  type        = string
  description = "Public age key whose identity is kept in a safe, such as age1…"
}

data "github_actions_public_key" "app" {
  repository = "app"
}

resource "cloudfleet_api_token" "app" {
  name = "github-actions-app"
  role = "User"
  encrypt_to = {
    github_public_key = data.github_actions_public_key.app.key
    age_recipients    = [var.emergency_key]
  }
}

resource "github_actions_secret" "registry_password" {
  repository      = "app"
  secret_name     = "REGISTRY_PASSWORD"
  key_id          = data.github_actions_public_key.app.key_id
  value_encrypted = cloudfleet_api_token.app.encrypted_secrets.github
}

output "emergency_copy" {
  description = "For age --decrypt, with the identity from the safe."
  value       = cloudfleet_api_token.app.encrypted_secrets.age
}
