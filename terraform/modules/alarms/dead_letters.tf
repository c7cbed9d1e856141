# Dead letters stay in the queue until a person acts. In the composite alarm they would
# keep it in ALARM for days and hide every other alarm, so these two notify on their own.
locals {
  _read_dead_letters = "pixfleet dlq groups --stack ${var.prefix}"

  _dead_letters = {
    dead-letters = {
      at_least = 1
      anchor   = "alarm-dead-letters"
      meaning  = "WARNING: at least one dead letter is in ${var.dead_letter_queue_name}."
    }
    dead-letters-many = {
      at_least = 10
      anchor   = "alarm-dead-letters-many"
      meaning  = "CRITICAL: ten dead letters or more are in ${var.dead_letter_queue_name}."
    }
  }
}

# For an idle queue, SQS's metrics are up to 15 minutes late; the worker's own `dead_letters` in lanes.tf is faster.
# NumberOfMessagesSent does not count messages that SQS itself moves.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  for_each = local._dead_letters

  alarm_name          = "${var.prefix}-${each.key}"
  alarm_description   = "${each.value.meaning} Runbook: ${var.runbook_url}#${each.value.anchor} First: ${local._read_dead_letters}"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = var.dead_letter_queue_name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.at_least
  # SQS writes no metrics for an inactive queue, although the dead letters are still there.
  treat_missing_data = "ignore"
  alarm_actions      = [local._topic_arn]
  ok_actions         = [local._topic_arn]

  tags = var.tags

  depends_on = [aws_sns_topic_policy.this]
}
