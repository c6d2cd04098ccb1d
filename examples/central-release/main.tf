# Copies what many teams release into the registry of the organization. A team releases an
# image by a pull request that changes a line of releases.auto.tfvars.
#
# Run it from CI after each merge, one run at a time, with CLOUDFLEET_… in the environment.
# Needs Terraform or OpenTofu 1.8. If the teams' registry needs a login, run `docker login`
# for it first.

terraform {
  required_version = ">= 1.8"
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
  }
}

provider "cloudfleet" {}

variable "releases" {
  description = "By team: what it has released, by the name of the image. With a digest, a release stays what was reviewed."
  type        = map(map(string))
}

locals {
  images = merge([
    for team, images in var.releases : { for name, source in images : "${team}/${name}" => source }
  ]...)
}

resource "cloudfleet_registry_image" "released" {
  for_each = local.images

  source     = each.value
  repository = each.key
}

# What each image is called for the clusters, which pull it without a secret.
output "references" {
  value = { for name, image in cloudfleet_registry_image.released : name => image.reference }
}
