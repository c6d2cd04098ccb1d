# The organization is that of the provider.
data "cloudfleet_registry" "europe" {}

data "cloudfleet_registry" "apac" {
  organization_id = "12345678-6651-4e5d-9c04-079f6532989b"
  region          = "apac"
}

output "image" {
  value = "${data.cloudfleet_registry.europe.hostname}/shop/checkout:v1.4.2"
}
