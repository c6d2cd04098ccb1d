# Lets a Kubernetes cluster pull the images of an organization that it does not belong
# to, with an image pull secret. Its tokens can only pull, and two take turns: if the
# cluster gets a new password late, the old one is still good. The state has them as the
# tokens' secrets, and not a second time as the pull secret's.
#
# Whoever administers the cluster runs this, with KUBE_CONFIG_PATH in the environment and
# CLOUDFLEET_… of the organization whose images they are. Rotate with
# -var rotation=2026-Q2. Needs Terraform or OpenTofu 1.11. Tested against a stand-in for
# the provider kubernetes.

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
  description = "Namespace of the pods that pull. A pull secret is of use in its own alone."
  type        = string
  default     = "default"
}

variable "rotation" {
  description = "Change it, and there is a new password. The one before is good until the next change."
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
      error_message = "The state does not have the token's secret, as after an import. Set secret_wo, or change rotation_trigger."
    }
  }
}

output "pod" {
  description = "What goes into the specification of a pod, with your image."
  value = {
    imagePullSecrets = [{ name = kubernetes_secret_v1.pull.metadata[0].name }]
    image            = provider::cloudfleet::image_ref(data.cloudfleet_registry.europe.hostname, "shop/checkout", "v1.4.2")
  }
}
