terraform {
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
  }
}

# Reads CLOUDFLEET_ORGANIZATION_ID, CLOUDFLEET_ACCESS_TOKEN_ID and
# CLOUDFLEET_ACCESS_TOKEN_SECRET from the environment.
provider "cloudfleet" {}

resource "cloudfleet_api_token" "pipeline" {
  name             = "github-actions-registry"
  role             = "User"
  rotation_trigger = "2026-Q1" # changing it regenerates the secret
}
