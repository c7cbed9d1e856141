output "event_source_mapping_id" {
  description = "Id of the event source mapping; disable it to stop purging."
  value       = aws_lambda_event_source_mapping.this.uuid
}

output "function" {
  description = "The function that sends invalidations to CloudFront, and the alias that gets the messages."
  value       = module.function.function
}

output "log_group" {
  description = "The function's log group."
  value       = module.function.log_group
}

output "queue" {
  description = "The queue of keys to purge."
  value = {
    arn  = local.queue_arn
    name = local.queue_name
    url  = aws_sqs_queue.this.id
  }

  # Not the function: the worker's environment has the queue, and the function comes after the distribution.
  depends_on = [aws_sqs_queue_policy.this]
}
