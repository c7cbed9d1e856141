# `make up`: the whole stack of terraform/ on the local AWS. scripts/local/terraform_root.py sets the
# endpoint of all services and the keys as environment variables.
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

  # With an address, the subscription and the budget are created, too; no mail is sent.
  alarms = { email = "ops@example.com", monthly_budget_usd = 100 }
  api = {
    # The page of docs/upload.
    cors = { origins = ["http://localhost:8000"] }
    jwt = {
      audiences = [aws_cognito_user_pool_client.laptop.id]
      issuer    = "https://${aws_cognito_user_pool.uploaders.endpoint}"
      # Cognito's access tokens have this scope, its id tokens have none.
      scopes = { purge = ["aws.cognito.signin.user.admin"] }
    }
    prefix_claim = "custom:folder"
  }
  # A laptop has few cores, and each batch renders on one.
  lanes = {
    bulk  = { larger = "large", maximum_concurrency = 2, prefixes = ["bulk/"] }
    large = { max_pixels = 1000000000, maximum_concurrency = 2, memory_mb = 8192, timeout_seconds = 900 }
    live  = { larger = "large", maximum_concurrency = 2 }
  }
  edge_url     = var.edge_url
  package_path = var.package_path
  prefix       = "pixfleet"
  recipes_path = var.recipes_path
  # The local AWS keeps its data in memory only.
  storage = { allow_destroy = true }
  # Files over 100 MiB are uploaded in parts.
  worker = { architecture = var.architecture, max_bytes = 150 * 1024 * 1024 }
}
