# Pushes an image with a token that is deleted when the run is over. Nothing of it is
# in the plan or in the state.
ephemeral "cloudfleet_api_token" "push" {
  name = "terraform-push"
  role = "Administrator"
  ttl  = "30m"
}

data "cloudfleet_registry" "europe" {}

resource "terraform_data" "image" {
  triggers_replace = "${data.cloudfleet_registry.europe.hostname}/shop/checkout:v1.4.2"

  provisioner "local-exec" {
    command = <<-EOT
      set -e
      echo "$SECRET" | docker login --username "$ID" --password-stdin "$REGISTRY"
      docker build --tag "$IMAGE" .
      docker push "$IMAGE"
      docker logout "$REGISTRY"
    EOT
    environment = {
      IMAGE    = self.triggers_replace
      REGISTRY = data.cloudfleet_registry.europe.hostname
      ID       = ephemeral.cloudfleet_api_token.push.id
      SECRET   = ephemeral.cloudfleet_api_token.push.secret
    }
  }
}
