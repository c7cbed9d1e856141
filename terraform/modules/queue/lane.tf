resource "aws_sqs_queue" "lane" {
  for_each = local.lane_names

  name                       = each.value
  visibility_timeout_seconds = local.visibility_timeouts[each.key]
  message_retention_seconds  = var.retention_days * local.seconds_a_day
  # An empty response costs as much as a full one, so poll as long as SQS allows.
  receive_wait_time_seconds = 20
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  kms_master_key_id         = var.kms_key_arn

  redrive_policy = jsonencode({
    deadLetterTargetArn = local.dead_letter_arn
    maxReceiveCount     = var.max_receives
  })

  tags = var.tags

  depends_on = [aws_sqs_queue.dead_letter]
}
