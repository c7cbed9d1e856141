output "event_source_mapping_ids" {
  description = "Ids of the event source mappings, by lane; disable one to pause its lane."
  value       = { for lane, mapping in aws_lambda_event_source_mapping.lanes : lane => mapping.uuid }

  depends_on = [aws_cloudwatch_event_target.lanes, aws_s3_bucket_notification.this]
}

output "rule_names" {
  description = "Names of the EventBridge rules, by lane; empty with mode `notification`."
  value       = { for lane, rule in aws_cloudwatch_event_rule.lanes : lane => rule.name }
}
