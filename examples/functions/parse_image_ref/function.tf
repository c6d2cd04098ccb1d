# Only what is in our own registry, and named by its digest, is deployed.
variable "image" {
  type = string

  validation {
    condition = provider::cloudfleet::parse_image_ref(var.image).hostname == provider::cloudfleet::registry_hostname(
      "12345678-6651-4e5d-9c04-079f6532989b", "europe"
    )
    error_message = "The image has to be in our own registry."
  }
  validation {
    condition     = provider::cloudfleet::parse_image_ref(var.image).digest != null
    error_message = "The image has to be named by its digest: a tag can be moved to another one."
  }
}
