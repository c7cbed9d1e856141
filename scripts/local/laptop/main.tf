# `make up`: the whole stack of terraform/, on the local AWS. Endpoint and keys come from the
# environment that scripts/local/terraform_root.py makes, so that no service can be forgotten.
terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }
}

provider "aws" {
  s3_use_path_style = true
}

module "pixfleet" {
  source = "./stack"

  # So that there are a subscription and a budget as well; nobody is written to.
  alarms = { email = "ops@example.com", monthly_budget_usd = 100 }
  # A laptop has a few cores, and each batch renders on one.
  lanes = {
    bulk = { maximum_concurrency = 2, prefixes = ["bulk/"] }
    live = { maximum_concurrency = 2 }
  }
  package_path = var.package_path
  prefix       = "pixfleet"
  recipes_path = var.recipes_path
  # What the local AWS holds is gone with its process anyway.
  storage = { allow_destroy = true }
  worker  = { architecture = var.architecture }
}
