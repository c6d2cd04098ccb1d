# The pipelines' tokens to import:
#   terraform query -generate-config-out=tokens.tf
list "cloudfleet_api_token" "pipelines" {
  provider = cloudfleet

  config {
    name_regex = "^(github|gitlab)-"
  }
}

# Who can push and manage tokens. Terraform stops at 100 unless a limit says more.
list "cloudfleet_api_token" "administrators" {
  provider = cloudfleet
  limit    = 1000

  config {
    role = "Administrator"
  }
}
