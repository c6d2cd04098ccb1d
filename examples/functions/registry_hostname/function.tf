# No provider block and no credentials are needed.
output "docker_login" {
  value = "docker login ${provider::cloudfleet::registry_hostname("12345678-6651-4e5d-9c04-079f6532989b", "europe")}"
}
