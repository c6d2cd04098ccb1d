# Lets a Kubernetes cluster pull images, with an image pull secret. The state has the secrets
# of the tokens, but not the image pull secret.
#
# Run it with KUBE_CONFIG_PATH and CLOUDFLEET_… of the organization that has the images in
# the environment. Rotate with -var rotation=2026-Q2. Needs Terraform or OpenTofu 1.11. Tested
# with a stand-in for kubernetes.

terraform {
  required_version = ">= 1.11"
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
    kubernetes = {
      source  = "hashicorp/kubernetes"
      version = ">= 2.36"
    }
  }
}

provider "cloudfleet" {}

provider "kubernetes" {}

variable "namespace" {
  description = "Namespace of the pods that pull. They can use only pull secrets of their own namespace."
  type        = string
  default     = "default"
}

variable "rotation" {
  description = "Changing it issues a new password. The previous one stays valid until the next change."
  type        = string
  default     = "2026-Q1"
}

data "cloudfleet_registry" "europe" {}

resource "cloudfleet_rotating_api_token" "pull" {
  name             = "kubernetes-${var.namespace}"
  role             = "User"
  rotation_trigger = var.rotation
}

resource "kubernetes_secret_v1" "pull" {
  metadata {
    name      = "cloudfleet-registry"
    namespace = var.namespace
  }
  type = "kubernetes.io/dockerconfigjson"
  data_wo = {
    ".dockerconfigjson" = provider::cloudfleet::docker_config_json(
      data.cloudfleet_registry.europe.hostname,
      cloudfleet_rotating_api_token.pull.token_id,
      cloudfleet_rotating_api_token.pull.secret,
    )
  }
  data_wo_revision = cloudfleet_rotating_api_token.pull.secret_version

  lifecycle {
    precondition {
      condition     = cloudfleet_rotating_api_token.pull.secret != null
      error_message = "The state has no secret of the token. Set secret_wo, or change rotation_trigger twice, with -target for the token."
    }
  }
}

output "pod" {
  description = "Put this into the specification of a pod, with your image."
  value = {
    imagePullSecrets = [{ name = kubernetes_secret_v1.pull.metadata[0].name }]
    image            = provider::cloudfleet::image_ref(data.cloudfleet_registry.europe.hostname, "shop/checkout", "v1.4.2")
  }
}
