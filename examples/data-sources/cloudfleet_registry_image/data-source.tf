data "cloudfleet_registry_image" "checkout" {
  region     = "europe"
  repository = "shop/checkout"
  tag        = "v1.4.2"

  lifecycle {
    postcondition {
      condition     = contains(self.platforms, "linux/arm64")
      error_message = "The cluster has ARM nodes, and this image does not run on them."
    }
  }
}

# By digest: refers to the same image even if the tag is moved.
output "image" {
  value = data.cloudfleet_registry_image.checkout.image
}
