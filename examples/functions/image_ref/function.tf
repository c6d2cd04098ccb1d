variable "release" {
  description = "Tag or digest to deploy."
  type        = string
  default     = "v1.4.2"
}

data "cloudfleet_registry" "europe" {}

resource "kubernetes_pod_v1" "checkout" {
  metadata {
    name = "checkout"
  }
  spec {
    container {
      name  = "checkout"
      image = provider::cloudfleet::image_ref(data.cloudfleet_registry.europe.hostname, "shop/checkout", var.release)
    }
  }
}
