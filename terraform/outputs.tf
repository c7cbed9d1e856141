output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = module.alarms.dashboard_name
}

output "dead_letter_queue" {
  description = "Where messages end that no try could finish."
  value       = module.queue.dead_letter
}

output "distribution" {
  description = "The distribution that serves the variants; a custom name needs a DNS alias to its domain_name."
  value       = module.delivery.distribution
}

output "event_source_mapping_ids" {
  description = "Ids of the event source mappings, by lane; disable one to hold its lane."
  value       = module.trigger.event_source_mapping_ids
}

output "function" {
  description = "The worker's function and the alias that events are sent to."
  value       = module.worker.function
}

output "ledger" {
  description = "The ledger's table, and the index that lists it by status."
  value = {
    arn               = module.ledger.table.arn
    name              = module.ledger.table.name
    status_index_name = module.ledger.status_index_name
  }
}

output "log_group_name" {
  description = "Where the worker's log lines are."
  value       = module.worker.log_group.name
}

output "operations_topic_arn" {
  description = "The SNS topic that the alarms tell."
  value       = module.alarms.topic_arn
}

output "queues" {
  description = "The queues by lane."
  value       = module.queue.lanes
}

output "recipes" {
  description = "Where the worker reads its recipes, s3://bucket/key."
  value       = local.worker_environment["PIXFLEET_RECIPES"]
}

output "role" {
  description = "The role under which the worker runs."
  value       = module.worker.role
}

output "sources_bucket" {
  description = "Where sources are dropped; whatever arrives once this is known is rendered, by EventBridge from about five minutes later on."
  value       = module.storage.sources_bucket

  depends_on = [module.trigger]
}

output "stack" {
  description = "What the command line finds everything by; the SSM parameter /pixfleet/<prefix> holds the same."
  value       = local.stack_document
}

output "trigger_mode" {
  description = "How events come: notification or eventbridge. An existing bucket must send its events to EventBridge for the latter."
  value       = local.trigger_mode
}

output "variants_bucket" {
  description = "Where variants, manifests and recipes are stored."
  value       = module.storage.variants_bucket
}

output "worker_environment" {
  description = "The worker's settings, for commands that are run by hand."
  value       = local.worker_environment
}
