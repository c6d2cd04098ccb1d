# Two tokens that take turns. Change the trigger, and the older one gets a new
# secret and becomes the current one. The secret before stays good until the
# next change.
resource "cloudfleet_rotating_api_token" "github_actions" {
  name             = "github-actions-registry"
  role             = "Administrator"
  rotation_trigger = "2026-Q1"
}

# The ID changes with the secret: hand them out together.
output "docker_login" {
  sensitive = true
  value = {
    username = cloudfleet_rotating_api_token.github_actions.token_id
    password = cloudfleet_rotating_api_token.github_actions.secret
  }
}
