data "cloudfleet_registry_repositories" "europe" {
  region = "europe"
}

# What one team has pushed.
output "shop" {
  value = [for name in data.cloudfleet_registry_repositories.europe.names : name if startswith(name, "shop/")]
}
