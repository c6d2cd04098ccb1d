data "cloudfleet_registry_repositories" "europe" {
  region = "europe"
}

# The repositories of one team.
output "shop" {
  value = [for name in data.cloudfleet_registry_repositories.europe.names : name if startswith(name, "shop/")]
}
