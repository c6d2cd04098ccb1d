resource "cloudfleet_api_token" "pull" {
  name             = "kubernetes-pull"
  role             = "User"
  rotation_trigger = "2026-Q4"
}

# Checks the secret after each change of the resource that receives it.
resource "terraform_data" "received" {
  input = cloudfleet_api_token.pull.secret_version

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.cloudfleet_check_api_token_secret.pull]
    }
  }
}

action "cloudfleet_check_api_token_secret" "pull" {
  config {
    id     = cloudfleet_api_token.pull.id
    secret = cloudfleet_api_token.pull.secret
  }
}
