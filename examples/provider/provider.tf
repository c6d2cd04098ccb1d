terraform {
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
  }
}

# With CLOUDFLEET_ORGANIZATION_ID, CLOUDFLEET_ACCESS_TOKEN_ID and
# CLOUDFLEET_ACCESS_TOKEN_SECRET set, the block may stay empty.
provider "cloudfleet" {
  organization_id     = "12345678-6651-4e5d-9c04-079f6532989b"
  access_token_id     = var.cloudfleet_access_token_id
  access_token_secret = var.cloudfleet_access_token_secret
}

variable "cloudfleet_access_token_id" {
  type = string
}

variable "cloudfleet_access_token_secret" {
  type      = string
  sensitive = true
}
