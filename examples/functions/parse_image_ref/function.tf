# Only images in our own registry with a digest are deployed.
variable "image" {
  type = string

  validation {
    condition = provider::cloudfleet::parse_image_ref(var.image).hostname == provider::cloudfleet::registry_hostname(
      "12345678-6651-4e5d-9c04-079f6532989b", "europe"
    )
    error_message = "The image must be in our own registry."
  }
  validation {
    condition     = provider::cloudfleet::parse_image_ref(var.image).digest != null
    error_message = "The image must have a digest: a tag can be moved to another image."
  }
}
