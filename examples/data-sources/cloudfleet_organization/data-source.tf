data "cloudfleet_organization" "this" {}

# The registry of whichever organization the access token belongs to.
data "cloudfleet_registry" "europe" {
  organization_id = data.cloudfleet_organization.this.id
}

output "registry" {
  value = "${data.cloudfleet_organization.this.name}: ${data.cloudfleet_registry.europe.hostname}"
}
