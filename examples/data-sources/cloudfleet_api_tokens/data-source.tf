data "cloudfleet_api_tokens" "administrators" {
  role = "Administrator"
}

data "cloudfleet_api_tokens" "pipelines" {
  name_regex = "^(github|gitlab)-"
}

# Warns in the plan if too many tokens may push images.
check "few_administrators" {
  assert {
    condition     = length(data.cloudfleet_api_tokens.administrators.tokens) <= 5
    error_message = "Administrators: ${join(", ", data.cloudfleet_api_tokens.administrators.tokens[*].name)}."
  }
}

output "pipelines" {
  value = { for token in data.cloudfleet_api_tokens.pipelines.tokens : token.id => token.name }
}
