data "github_actions_public_key" "app" {
  repository = "app"
}

resource "cloudfleet_api_token" "app" {
  name             = "github-actions-app"
  role             = "User"
  rotation_trigger = "2026-Q1"
  encrypt_to = {
    github_public_key = data.github_actions_public_key.app.key
  }
}

resource "github_actions_secret" "registry_password" {
  repository      = "app"
  secret_name     = "REGISTRY_PASSWORD"
  key_id          = data.github_actions_public_key.app.key_id
  value_encrypted = cloudfleet_api_token.app.encrypted_secrets.github
}
