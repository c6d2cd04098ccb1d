# Two tokens that take turns. Changing the trigger issues a new secret for the older one and
# makes it the current one. The previous secret stays valid until the next change.
resource "cloudfleet_rotating_api_token" "github_actions" {
  name             = "github-actions-registry"
  role             = "Administrator"
  rotation_trigger = "2026-Q1"
}

# The ID changes with the secret: pass them on together.
output "docker_login" {
  sensitive = true
  value = {
    username = cloudfleet_rotating_api_token.github_actions.token_id
    password = cloudfleet_rotating_api_token.github_actions.secret
  }
}
