mock_provider "cloudfleet" {
  # Without these, a mock invents eight letters for each, which functions reject.
  mock_data "cloudfleet_registry" {
    defaults = {
      hostname = "12345678-6651-4e5d-9c04-079f6532989b.europe.registry.cloudfleet.dev"
    }
  }
  mock_resource "cloudfleet_api_token" {
    defaults = {
      id     = "2iKo4Asy51EUx2gpJFW76t"
      secret = "cf_secret_0123456789abcdefghijABCDEFGHIJ01"
    }
  }
}

run "pulls_by_default" {
  variables {
    team = "shop"
  }

  assert {
    condition     = cloudfleet_api_token.this.role == "User"
    error_message = "A team that does not push needs a User token."
  }
  assert {
    condition     = endswith(output.image, "/shop/app:v1")
    error_message = "The image is ${output.image}."
  }
}

run "pushes" {
  variables {
    team = "shop"
    push = true
  }

  assert {
    condition     = cloudfleet_api_token.this.role == "Administrator"
    error_message = "A team that pushes needs an Administrator token."
  }
}
