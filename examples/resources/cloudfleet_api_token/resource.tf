# One token for each pipeline. Changing the trigger regenerates the secret in place: the ID
# stays, and the old secret is revoked immediately.
resource "cloudfleet_api_token" "github_actions" {
  name             = "github-actions-registry"
  role             = "Administrator"
  rotation_trigger = "2026-Q1"
}

# Without a trigger the secret stays as it is.
resource "cloudfleet_api_token" "deployer" {
  name = "production-deployer"
  role = "User"
}

output "docker_login" {
  sensitive = true
  value = {
    username = cloudfleet_api_token.github_actions.id
    password = cloudfleet_api_token.github_actions.secret
  }
}
