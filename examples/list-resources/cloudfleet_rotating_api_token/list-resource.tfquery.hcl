# The pipelines' tokens to import, as pairs:
#   terraform query -generate-config-out=tokens.tf
list "cloudfleet_rotating_api_token" "pipelines" {
  provider = cloudfleet

  config {
    name_regex = "^(github|gitlab)-"
  }
}
