# Copies what many teams release into the registry of the organization. Each team pushes to
# a registry of its own, such as that of its repository, with what it has there. Only this
# run pushes to Cloudfleet: one Administrator token, the provider's own, takes the place of
# one for each team. A team releases an image by a pull request that changes a line of
# releases.auto.tfvars, which somebody reviews.
#
# Run it from CI after each merge, one run at a time, with CLOUDFLEET_… in the environment.
# Needs Terraform 1.8 or OpenTofu 1.8. Where the teams' registry needs a login, run
# `docker login` for it first.

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
