# Brings existing tokens under Terraform's management. It changes nothing: the secrets in
# use stay valid.
#   terraform query -generate-config-out=tokens.tf
#   terraform apply
# tokens.tfquery.hcl selects the tokens. Cloudfleet does not show their secrets: set
# secret_wo and secret_wo_version where you have one, or apply one rotation_trigger and then
# another to have a new one issued.
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
