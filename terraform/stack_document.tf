# The names of all resources for `pixfleet`; scripts/pixfleet/stack/ssm_parameter.py reads it. It has no secrets.
locals {
  stack_document = {
    schema = 1

    api = one([
      for api in module.api : {
        access_log_group = api.access_log_group.name
        function         = api.function.name
        id               = api.id
        log_group        = api.log_group.name
        url              = api.url
      }
    ])
    architecture      = var.worker.architecture
    dashboard         = module.alarms.dashboard_name
    dead_letter_queue = module.queue.dead_letter.name
    distribution = {
      functions     = module.delivery.functions
      id            = module.delivery.distribution.id
      needs_signing = local.needs_signing
      url           = module.delivery.distribution.url
    }
    environment    = local.worker_environment
    function       = module.worker.function.name
    function_alias = module.worker.function.alias_name
    lanes = {
      for lane, queue in module.queue.lanes : lane => {
        batch_size          = local.lanes[lane].batch_size
        larger              = coalesce(var.lanes[lane].larger, "-") == "-" ? "" : var.lanes[lane].larger
        mapping_id          = module.trigger.event_source_mapping_ids[lane]
        maximum_concurrency = var.lanes[lane].maximum_concurrency
        prefixes            = var.lanes[lane].prefixes
        queue               = queue.name
        size                = lookup(local._size_of_lane, lane, "")
      }
    }
    ledger_table = module.ledger.table.name
    log_group    = module.worker.log_group.name
    memory_mb    = var.worker.memory_mb
    prefix       = var.prefix
    purge = one([
      for purge in module.purge : {
        function       = purge.function.name
        function_alias = purge.function.alias_name
        log_group      = purge.log_group.name
        mapping_id     = purge.event_source_mapping_id
        monthly_paths  = coalesce(var.delivery.purge.monthly_paths, 1000)
        queue          = purge.queue.name
      }
    ])
    recipes = local.worker_environment["PIXFLEET_RECIPES"]
    region  = data.aws_region.current.id
    renderer = one([
      for renderer in module.renderer : {
        function             = renderer.function.name
        function_alias       = renderer.function.alias_name
        log_group            = renderer.log_group.name
        memory_mb            = local.renderer_memory_mb
        reserved_concurrency = local.renderer_concurrency
      }
    ])
    serving_table = try(module.ledger.serving_table.name, "")
    sizes = {
      for name, size in local.sizes : name => {
        environment     = local.size_settings[name]
        function        = module.sized_worker[name].function.name
        function_alias  = module.sized_worker[name].function.alias_name
        log_group       = module.sized_worker[name].log_group.name
        memory_mb       = size.memory_mb
        timeout_seconds = size.timeout_seconds
      }
    }
    sources_bucket  = module.storage.sources_bucket.name
    status_index    = module.ledger.status_index_name
    topic_arn       = module.alarms.topic_arn
    trigger         = local.trigger_mode
    variants_bucket = module.storage.variants_bucket.name
  }
}

resource "aws_ssm_parameter" "stack" {
  #checkov:skip=CKV2_AWS_34:It has names and no secrets; reading it should need no KMS key.
  name        = "/pixfleet/${var.prefix}"
  description = "What the stack ${var.prefix} is made of, for the command line."
  type        = "String"
  # Above 4 KB, with many lanes, SSM needs the advanced tier.
  tier  = "Intelligent-Tiering"
  value = jsonencode(local.stack_document)

  tags = local.tags
}
