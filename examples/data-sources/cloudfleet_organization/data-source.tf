data "cloudfleet_organization" "this" {}

# The registry of the access token's organization.
data "cloudfleet_registry" "europe" {
  organization_id = data.cloudfleet_organization.this.id
}

output "registry" {
  value = "${data.cloudfleet_organization.this.name}: ${data.cloudfleet_registry.europe.hostname}"
}
