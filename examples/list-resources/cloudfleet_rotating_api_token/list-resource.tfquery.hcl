# The pipelines' tokens, to be adopted, each with the one that takes turns with it:
#   terraform query -generate-config-out=tokens.tf
list "cloudfleet_rotating_api_token" "pipelines" {
  provider = cloudfleet

  config {
    name_regex = "^(github|gitlab)-"
  }
}
