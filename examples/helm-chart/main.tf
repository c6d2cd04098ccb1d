# Installs a Helm chart from the registry. The login is the provider's own access token,
# or on a developer's machine the login of Cloudfleet's CLI: none is made for this, and
# none is in the plan or in the state.
#
# Whoever deploys runs this, with KUBE_CONFIG_PATH and CLOUDFLEET_ORGANIZATION_ID in the
# environment; a pipeline has the other CLOUDFLEET_… too. Needs Terraform 1.10 or
# OpenTofu 1.11. Tested against a stand-in for the provider helm.

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
    url      = "oci://${ephemeral.cloudfleet_registry_credentials.europe.hostname}"
    username = ephemeral.cloudfleet_registry_credentials.europe.username
    password = ephemeral.cloudfleet_registry_credentials.europe.password
  }]
}

variable "chart_version" {
  description = "Version of the chart to install."
  type        = string
  default     = "1.4.2"
}

ephemeral "cloudfleet_registry_credentials" "europe" {}

data "cloudfleet_registry" "europe" {}

resource "helm_release" "checkout" {
  name       = "checkout"
  repository = "oci://${data.cloudfleet_registry.europe.hostname}/charts"
  chart      = "checkout"
  version    = var.chart_version
}
