# Installs a Helm chart from the registry, with a token that can only pull and is deleted
# at the end of the run.
#
# Run it with KUBE_CONFIG_PATH and CLOUDFLEET_… of an Administrator token in the environment.
# Needs Terraform 1.10 or OpenTofu 1.11. Tested with a stand-in for helm.

terraform {
  required_version = ">= 1.10"
  required_providers {
    cloudfleet = {
      source = "cloudfleet/cloudfleet"
    }
    helm = {
      source  = "hashicorp/helm"
      version = ">= 3.0"
    }
  }
}

provider "cloudfleet" {}

provider "helm" {
  registries = [{
    url      = "oci://${data.cloudfleet_registry.europe.hostname}"
    username = ephemeral.cloudfleet_api_token.pull.id
    password = ephemeral.cloudfleet_api_token.pull.secret
  }]
}

variable "chart_version" {
  description = "Version of the chart to install."
  type        = string
  default     = "1.4.2"
}

ephemeral "cloudfleet_api_token" "pull" {
  name = "helm-pull"
  role = "User"
}

data "cloudfleet_registry" "europe" {}

resource "helm_release" "checkout" {
  name       = "checkout"
  repository = "oci://${data.cloudfleet_registry.europe.hostname}/charts"
  chart      = "checkout"
  version    = var.chart_version
}
