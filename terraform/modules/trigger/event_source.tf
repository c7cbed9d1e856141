# No filter: it would be a second place that decides what an event is, and it would drop silently what
# it cannot parse: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
resource "aws_lambda_event_source_mapping" "lanes" {
  for_each = var.lanes

  event_source_arn                   = var.queues[each.key].arn
  function_name                      = var.function_alias_arns[each.key]
  batch_size                         = each.value.batch_size
  maximum_batching_window_in_seconds = var.batch_window_seconds
  function_response_types            = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = each.value.maximum_concurrency
  }

  tags = merge(var.tags, { Name = "${var.prefix}-${each.key}" })
}
