locals {
  asked_environment = {
    PIXFLEET_API_DELETES_VERSIONS = var.deletes_versions ? "true" : null
    PIXFLEET_API_OWNER_CLAIM      = var.owner_claim
    PIXFLEET_API_PREFIX           = var.source_prefix == "" ? null : var.source_prefix
    PIXFLEET_API_PREFIX_CLAIM     = var.prefix_claim
    PIXFLEET_MAX_BYTES            = try(tostring(var.max_bytes), null)
    PIXFLEET_PURGE_QUEUE          = try(var.purge_queue.url, null)
  }
  environment = tomap(merge(
    {
      PIXFLEET_API_DELIVERY_URL = var.delivery_url
      PIXFLEET_FLEET            = var.prefix
      PIXFLEET_LEDGER_TABLE     = var.ledger_table.name
      PIXFLEET_RECIPES          = var.recipes
      PIXFLEET_SERVING_TABLE    = var.serving_table.name
      PIXFLEET_SOURCES_BUCKET   = var.sources_bucket.name
      PIXFLEET_VARIANTS_BUCKET  = var.variants_bucket.name
    },
    { for name, value in local.asked_environment : name => value if value != null },
  ))
}

module "function" {
  source = "../function"

  architecture       = var.architecture
  environment        = local.environment
  handler            = "worker.api.handler.handler"
  kms_key_arn        = var.kms_key_arn
  log_retention_days = var.log_retention_days
  # It computes little, and with less memory a cold start takes seconds.
  memory_mb               = 1024
  name                    = "api"
  package_path            = var.package_path
  policy_json             = data.aws_iam_policy_document.function.json
  prefix                  = var.prefix
  provisioned_concurrency = var.provisioned_concurrency
  reserved_concurrency    = var.reserved_concurrency
  tags                    = var.tags
  timeout_seconds         = local.timeout_seconds
}
