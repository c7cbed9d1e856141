locals {
  # By an index: `module.purge[*]` would be the whole module, whose function comes after the distribution, and that
  # after the worker.
  purge_queues = local.has_purge ? [module.purge[0].queue] : []

  tags = merge({ ManagedBy = "Terraform", Project = "pixfleet", Fleet = var.prefix }, var.tags)

  # S3 can notify a queue of all keys or of a prefix, but not of all other keys, and there is only one set
  # of notifications for a bucket. If that is not enough, events come through EventBridge.
  keeps_notifications = var.storage.existing_sources_bucket != null && var.trigger.replace_notifications_of == ""
  has_prefixes        = length(flatten(values(var.lanes)[*].prefixes)) > 0
  derived_mode        = local.keeps_notifications || local.has_prefixes ? "eventbridge" : "notification"
  trigger_mode        = coalesce(var.trigger.mode, local.derived_mode)

  lanes_concurrency = sum(concat([0], [for lane in local._worker_lanes : var.lanes[lane].maximum_concurrency]))
  asked_concurrency = coalesce(var.worker.reserved_concurrency, local.lanes_concurrency)

  has_api = var.api != null
  # A client can resume an upload for a day.
  abort_uploads_after_days = local.has_api && var.storage.abort_uploads_after_days == null ? 1 : var.storage.abort_uploads_after_days
  # Null reserves none, as for the worker.
  api_concurrency = local.asked_concurrency == -1 ? null : coalesce(try(var.api.reserved_concurrency, null), 100)
  # S3 answers the preflight requests of uploads by its own list, which has no wildcard here.
  api_origins = [for origin in try(coalesce(var.api.cors.origins, []), []) : origin if origin != "*"]
  sources_cors_origins = (
    var.storage.existing_sources_bucket != null || length(local.api_origins) == 0
    ? var.storage.cors_origins
    : distinct(concat(coalesce(var.storage.cors_origins, []), local.api_origins))
  )

  completion_topic_arn = var.notifications == null ? var.worker.completion_topic_arn : module.notifications[0].topic_arn

  has_purge          = var.delivery.purge.enabled
  has_renderer       = var.delivery.on_demand.enabled
  renderer_memory_mb = coalesce(var.delivery.on_demand.memory_mb, var.worker.memory_mb)
  # Null reserves none, as for the worker.
  renderer_concurrency = local.asked_concurrency == -1 ? null : coalesce(var.delivery.on_demand.reserved_concurrency, 10)
}

module "storage" {
  source = "./modules/storage"

  abort_uploads_after_days       = local.abort_uploads_after_days
  access_logs_bucket             = var.storage.access_logs_bucket
  allow_destroy                  = var.storage.allow_destroy
  cors_origins                   = local.sources_cors_origins
  delete_old_versions_after_days = var.storage.delete_old_versions_after_days
  existing_sources_bucket        = var.storage.existing_sources_bucket
  expire_lazy_after_days         = var.storage.expire_lazy_after_days
  expire_sources_after_days      = var.storage.expire_sources_after_days
  expire_variants_after_days     = var.storage.expire_variants_after_days
  kms_key_arn                    = var.kms_key_arn
  prefix                         = var.prefix
  replication                    = var.storage.replication
  tags                           = local.tags
  tier_sources_after_days        = var.storage.tier_sources_after_days
}

module "queue" {
  source = "./modules/queue"

  batch_window_seconds       = var.queues.batch_window_seconds
  dead_letter_retention_days = var.queues.dead_letter_retention_days
  function_timeout_seconds   = var.worker.timeout_seconds
  kms_key_arn                = var.kms_key_arn
  lanes                      = local.lanes
  max_receives               = var.queues.max_receives
  prefix                     = var.prefix
  retention_days             = var.queues.retention_days
  senders                    = { eventbridge = "eventbridge", notification = "s3" }[local.trigger_mode]
  sources_bucket_arn         = module.storage.sources_bucket.arn
  tags                       = local.tags
}

module "ledger" {
  source = "./modules/ledger"

  deletion_protection = !var.storage.allow_destroy
  has_serving_table   = local.has_api || local.has_purge || local.has_renderer
  keeps_receipts      = local.has_api
  kms_key_arn         = var.kms_key_arn
  prefix              = var.prefix
  tags                = local.tags
}

module "worker" {
  source = "./modules/function"

  architecture            = var.worker.architecture
  environment             = local.worker_environment
  handler                 = "worker.batch.handler"
  kms_key_arn             = var.kms_key_arn
  log_retention_days      = var.worker.log_retention_days
  memory_mb               = var.worker.memory_mb
  name                    = "worker"
  package_path            = var.package_path
  policy_json             = data.aws_iam_policy_document.worker.json
  prefix                  = var.prefix
  provisioned_concurrency = var.worker.provisioned_concurrency
  reserved_concurrency    = local.asked_concurrency == -1 ? null : local.asked_concurrency
  tags                    = local.tags
  timeout_seconds         = var.worker.timeout_seconds
}

module "renderer" {
  source = "./modules/function"
  count  = local.has_renderer ? 1 : 0

  architecture            = var.worker.architecture
  environment             = local.renderer_environment
  handler                 = "worker.renderer.handler.handler"
  kms_key_arn             = var.kms_key_arn
  log_retention_days      = var.worker.log_retention_days
  memory_mb               = local.renderer_memory_mb
  name                    = "renderer"
  package_path            = var.package_path
  policy_json             = data.aws_iam_policy_document.renderer.json
  prefix                  = var.prefix
  provisioned_concurrency = var.delivery.on_demand.provisioned_concurrency
  reserved_concurrency    = local.renderer_concurrency
  tags                    = local.tags
  # Less than CloudFront waits, so that a viewer gets the renderer's answer and not a 504.
  timeout_seconds = 25
}

module "trigger" {
  source = "./modules/trigger"

  batch_window_seconds  = var.queues.batch_window_seconds
  dead_letter_queue_arn = module.queue.dead_letter.arn
  function_alias_arns = {
    for lane in keys(var.lanes) : lane => (
      contains(keys(local._size_of_lane), lane)
      ? module.sized_worker[local._size_of_lane[lane]].function.alias_arn
      : module.worker.function.alias_arn
    )
  }
  lanes                    = local.lanes
  mode                     = local.trigger_mode
  prefix                   = var.prefix
  queues                   = module.queue.lanes
  replace_notifications_of = var.trigger.replace_notifications_of
  sources_bucket           = module.storage.sources_bucket
  tags                     = local.tags
}

module "delivery" {
  source = "./modules/delivery"

  access_logs             = var.delivery.access_logs
  certificate_arn         = var.delivery.certificate_arn
  cors_origins            = var.delivery.cors_origins
  default_browser_seconds = var.delivery.default_browser_seconds
  domain_names            = var.delivery.domain_names
  hsts                    = var.delivery.hsts
  origin_shield_region    = var.delivery.origin_shield_region
  prefix                  = var.prefix
  price_class             = var.delivery.price_class
  recipes_json            = local.edge_recipes_json
  renderer = one([
    for renderer in module.renderer : {
      alias_name       = renderer.function.alias_name
      function_name    = renderer.function.name
      worker_alias_arn = module.worker.function.alias_arn
    }
  ])
  signing_key_group_ids = var.delivery.signing_key_group_ids
  tags                  = local.tags
  variants_bucket       = module.storage.variants_bucket
  web_acl_arn           = var.delivery.web_acl_arn
}

module "purge" {
  source = "./modules/purge"
  count  = local.has_purge ? 1 : 0

  architecture       = var.worker.architecture
  distribution       = module.delivery.distribution
  kms_key_arn        = var.kms_key_arn
  log_retention_days = var.worker.log_retention_days
  monthly_paths      = var.delivery.purge.monthly_paths
  package_path       = var.package_path
  prefix             = var.prefix
  serving_table      = module.ledger.serving_table
  tags               = local.tags
}

module "api" {
  source = "./modules/api"
  count  = local.has_api ? 1 : 0

  architecture                 = var.worker.architecture
  certificate_arn              = var.api.certificate_arn
  cors                         = var.api.cors
  deletes_versions             = var.api.deletes_versions
  delivery_url                 = module.delivery.distribution.url
  domain_name                  = var.api.domain_name
  existing_sources_kms_key_arn = var.storage.existing_sources_kms_key_arn
  iam                          = var.api.iam
  jwt                          = var.api.jwt
  kms_key_arn                  = var.kms_key_arn
  ledger_table                 = module.ledger.table
  log_retention_days           = var.worker.log_retention_days
  max_bytes                    = var.worker.max_bytes
  owner_claim                  = var.api.owner_claim
  package_path                 = var.package_path
  prefix                       = var.prefix
  prefix_claim                 = var.api.prefix_claim
  provisioned_concurrency      = var.api.provisioned_concurrency
  purge_queue                  = one(local.purge_queues)
  recipes                      = local.worker_environment["PIXFLEET_RECIPES"]
  reserved_concurrency         = local.api_concurrency
  serving_table                = module.ledger.serving_table
  source_prefix                = var.api.source_prefix
  sources_bucket               = module.storage.sources_bucket
  tags                         = local.tags
  throttling                   = var.api.throttling
  variants_bucket              = module.storage.variants_bucket
}

module "notifications" {
  source = "./modules/notifications"
  count  = var.notifications == null ? 0 : 1

  kms_key_arn   = var.kms_key_arn
  prefix        = var.prefix
  subscriptions = var.notifications.subscriptions
  tags          = local.tags
}

module "alarms" {
  source = "./modules/alarms"

  api = one([
    for api in module.api : {
      access_log_group_name = api.access_log_group.name
      id                    = api.id
      log_group_name        = api.log_group.name
    }
  ])
  complete_seconds_p95   = var.alarms.complete_seconds_p95
  dead_letter_queue_name = module.queue.dead_letter.name
  # The value is unknown before the apply, but not null, which Terraform knows only of a function's result.
  distribution_id          = format("%s", module.delivery.distribution.id)
  email                    = var.alarms.email
  function_architecture    = var.worker.architecture
  function_memory_mb       = var.worker.memory_mb
  function_name            = module.worker.function.name
  function_timeout_seconds = var.worker.timeout_seconds
  kms_key_arn              = var.kms_key_arn
  lanes = {
    for lane, queue in module.queue.lanes : lane => {
      queue_name           = queue.name
      complete_seconds_p95 = var.lanes[lane].complete_seconds_p95
      forwards             = var.lanes[lane].larger != null
      rule_name            = lookup(module.trigger.rule_names, lane, null)
    }
  }
  log_group_name           = module.worker.log_group.name
  monthly_budget_usd       = var.alarms.monthly_budget_usd
  notifications_topic_name = one(module.notifications[*].topic_name)
  prefix                   = var.prefix
  sizes = {
    for name, size in local.sizes : name => {
      function_name   = module.sized_worker[name].function.name
      log_group_name  = module.sized_worker[name].log_group.name
      memory_mb       = size.memory_mb
      timeout_seconds = size.timeout_seconds
    }
  }
  purge = one([
    for purge in module.purge : {
      function_name  = purge.function.name
      log_group_name = purge.log_group.name
    }
  ])
  renderer = one([
    for renderer in module.renderer : {
      function_name  = renderer.function.name
      log_group_name = renderer.log_group.name
      memory_mb      = local.renderer_memory_mb
    }
  ])
  renderer_daily_usd = var.alarms.renderer_daily_usd
  renders_per_minute = var.alarms.renders_per_minute
  runbook_url        = var.alarms.runbook_url
  tags               = local.tags
}
