# Gives each team a token of its own. Only the team can decrypt its secret:
#   terraform output -json logins | jq -r .shop.encrypted_password | age -d -i ~/.ssh/id_ed25519
#
# Run it with CLOUDFLEET_… in the environment. Needs Terraform or OpenTofu 1.8.

terraform {
  required_version = ">= 1.8"
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
  }
}

provider "cloudfleet" {}

variable "teams" {
  description = "By name: public keys (age1…, ssh-ed25519 …, ssh-rsa …), whether it may push, and what to change to rotate."
  type = map(object({
    keys     = list(string)
    push     = optional(bool, false)
    rotation = optional(string, "2026-Q1")
  }))
}

resource "cloudfleet_api_token" "team" {
  for_each = var.teams

  name             = "team-${each.key}"
  role             = each.value.push ? "Administrator" : "User"
  rotation_trigger = each.value.rotation
  encrypt_to = {
    age_recipients = each.value.keys
  }
}

output "logins" {
  description = "By team: user name for docker login, and the password, which only the team's keys can decrypt."
  value = {
    for team, token in cloudfleet_api_token.team : team => {
      username           = token.id
      encrypted_password = token.encrypted_secrets.age
    }
  }
}
