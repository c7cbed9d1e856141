output "api" {
  description = "The HTTP API: its address `url`, its function, its log groups, and what the DNS alias of its own name points to; null without one."
  value       = one(module.api[*])
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = module.alarms.dashboard_name
}

output "dead_letter_queue" {
  description = "The queue of messages that failed permanently or too often."
  value       = module.queue.dead_letter
}

output "distribution" {
  description = "The distribution that serves the variants; a custom name needs a DNS alias to its domain_name."
  value       = module.delivery.distribution
}

output "event_source_mapping_ids" {
  description = "Ids of the event source mappings, by lane; disable one to pause its lane."
  value       = module.trigger.event_source_mapping_ids
}

output "function" {
  description = "The worker's function, and the alias that gets the events."
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
  description = "Name of the worker's log group."
  value       = module.worker.log_group.name
}

output "notifications" {
  description = "The topic of completion events, and the queue of those that no address has taken; null without notifications."
  value       = one(module.notifications[*])
}

output "on_call_reader_policy_json" {
  description = "IAM policy, as JSON, of people on call who only read: status, why, verify, dlq groups and the other commands that change nothing."
  value       = data.aws_iam_policy_document.on_call_reader.json
}

output "on_call_redriver_policy_json" {
  description = "IAM policy, as JSON, of people on call who also redrive, delete dead letters, repair, purge and drill."
  value       = data.aws_iam_policy_document.on_call_redriver.json
}

output "operations_topic_arn" {
  description = "ARN of the SNS topic that the alarms notify."
  value       = module.alarms.topic_arn
}

output "operator_policy_json" {
  description = "IAM policy, as JSON, of people who use every command: those of on_call_redriver_policy_json, and uploads."
  value       = data.aws_iam_policy_document.operator.json
}

output "purge" {
  description = "The queue of keys to purge and the function that processes it; null where delivery.purge is off."
  value       = one(module.purge[*])
}

output "queues" {
  description = "The queues by lane."
  value       = module.queue.lanes
}

output "recipes" {
  description = "The worker's recipes, as s3://bucket/key."
  value       = local.worker_environment["PIXFLEET_RECIPES"]
}

output "renderer" {
  description = "The function that makes missing variants at their first request; null without one."
  value       = one(module.renderer[*].function)
}

output "role" {
  description = "The worker's execution role."
  value       = module.worker.role
}

output "sources_bucket" {
  description = "The sources bucket; uploads are rendered from the end of the apply on, with EventBridge from about five minutes later on."
  value       = module.storage.sources_bucket

  depends_on = [module.trigger]
}

output "stack" {
  description = "The names of all resources for the command line; the SSM parameter /pixfleet/<prefix> has the same value."
  value       = local.stack_document
}

output "trigger_mode" {
  description = "How events reach the queues: notification or eventbridge. With the latter, an existing bucket must send its events to EventBridge."
  value       = local.trigger_mode
}

output "uploader_policy_json" {
  description = "IAM policy, as JSON, of people and programs that run backfill upload and sync."
  value       = data.aws_iam_policy_document.uploader.json
}

output "variants_bucket" {
  description = "The bucket for variants, manifests and recipes."
  value       = module.storage.variants_bucket
}

output "worker_environment" {
  description = "The worker's environment variables, for manual commands."
  value       = local.worker_environment
}
