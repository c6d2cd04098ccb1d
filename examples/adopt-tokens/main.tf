# Brings existing tokens under Terraform's management, without a change at Cloudfleet:
#   terraform query -generate-config-out=tokens.tf
#   terraform apply
#
# Run it once, with CLOUDFLEET_… of an Administrator token in the environment. Needs
# Terraform 1.14: OpenTofu has no queries.

terraform {
  required_version = ">= 1.14"
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
  }
}

provider "cloudfleet" {}
