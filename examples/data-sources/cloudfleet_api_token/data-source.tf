# A token that was made in the Cloudfleet Console.
data "cloudfleet_api_token" "ci" {
  name = "github-actions-registry"
}

# Names need not be unique. IDs are.
data "cloudfleet_api_token" "deployer" {
  id = "2iKo4Asy51EUx2gpJFW76t"
}

output "docker_username" {
  value = data.cloudfleet_api_token.ci.id
}
