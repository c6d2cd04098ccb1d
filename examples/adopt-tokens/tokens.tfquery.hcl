# The pipelines' tokens. Terraform stops at 100 unless a limit says more.
list "cloudfleet_api_token" "pipelines" {
  provider = cloudfleet
  limit    = 1000

  config {
    name_regex = "^(github|gitlab)-"
  }
}
