# All platforms, under the tag of the source.
resource "cloudfleet_registry_image" "nginx" {
  source     = "docker.io/library/nginx:1.29"
  repository = "mirror/nginx"
}

# Two platforms, from a registry that needs a login. Needs Terraform 1.11 or OpenTofu 1.11.
variable "token" {
  type      = string
  ephemeral = true
}

resource "cloudfleet_registry_image" "app" {
  source          = "ghcr.io/partner/app:v2"
  source_username = "partner"
  source_password = var.token
  repository      = "partner/app"
  tags            = ["v2", "stable"]
  platforms       = ["linux/amd64", "linux/arm64"]
}
