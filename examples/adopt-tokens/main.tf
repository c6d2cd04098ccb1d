# Brings tokens that were made by hand under Terraform's management, and changes nothing
# about them: their secrets stay as they are, known to whoever has them.
#   terraform query -generate-config-out=tokens.tf
#   terraform apply
# tokens.tfquery.hcl says which. Secrets cannot be read: the state gets one when it is
# regenerated, by one `rotation_trigger` and then another.
#
# Whoever administers the organization runs this once, with CLOUDFLEET_… in the
# environment. Needs Terraform 1.14: OpenTofu has no queries.

terraform {
  required_version = ">= 1.14"
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
  }
}

provider "cloudfleet" {}
