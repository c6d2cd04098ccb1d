# Copies base images into the registry of the organization.
#
# Run it by hand or on a schedule, with CLOUDFLEET_… of an Administrator token in the
# environment. Needs Terraform or OpenTofu 1.8.

terraform {
  required_version = ">= 1.8"
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
  }
}

provider "cloudfleet" {}

variable "images" {
  description = "Images to copy, by the repository to copy each to. With a digest, an image stays what was tested."
  type        = map(string)
  default = {
    "base/nginx"  = "docker.io/library/nginx:1.29"
    "base/alpine" = "docker.io/library/alpine:3.22"
  }
}

resource "cloudfleet_registry_image" "base" {
  for_each = var.images

  source     = each.value
  repository = each.key
}

# Values for the `image` of pods.
output "references" {
  value = { for name, image in cloudfleet_registry_image.base : name => image.reference }
}
