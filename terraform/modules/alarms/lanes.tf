locals {
  # Also the limit of a message's age: one that has waited as long as a set may take has missed the target.
  _complete_seconds = {
    for name, lane in var.lanes : name => coalesce(
      lane.complete_seconds_p95,
      name == "live" ? var.complete_seconds_p95 : 86400,
    )
  }

  _status = "pixfleet status --stack ${var.prefix}"

  _retried_lines   = "aws logs tail ${var.log_group_name} --since 1h --filter-pattern '{ $.event = \"image delayed\" }'"
  _forwarded_lines = "aws logs tail ${var.log_group_name} --since 1h --filter-pattern '{ $.event = \"image forwarded\" }'"
  _rejected_lines  = "aws logs tail ${var.log_group_name} --since 1h --filter-pattern '{ $.event = \"image rejected\" }'"
}

resource "aws_cloudwatch_metric_alarm" "oldest_message" {
  for_each = var.lanes

  alarm_name          = "${var.prefix}-oldest-message-${each.key}"
  alarm_description   = "The oldest message of lane ${each.key} has waited longer than ${local._complete_seconds[each.key]} s. Runbook: ${var.runbook_url}#alarm-oldest-message First: ${local._status}"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = each.value.queue_name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = local._complete_seconds[each.key]
  # An empty queue has no oldest message.
  treat_missing_data = "notBreaching"

  tags = var.tags

  lifecycle {
    # The alarms of a removed lane can be deleted only after the composite alarm no longer names them.
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_metric_alarm" "complete_seconds" {
  for_each = var.lanes

  alarm_name         = "${var.prefix}-complete-seconds-${each.key}"
  alarm_description  = "For 5 % of lane ${each.key} the time from upload to complete set is over ${local._complete_seconds[each.key]} s, or an event was lost and its source was found late. Runbook: ${var.runbook_url}#alarm-complete-seconds First: ${local._status}"
  namespace          = "Pixfleet"
  metric_name        = "complete_seconds"
  dimensions         = { fleet = var.prefix, lane = each.key }
  extended_statistic = "p95"
  # Long enough to ignore one retry among many, short enough to show one lost event among few.
  period              = 900
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = local._complete_seconds[each.key]
  # Without uploads nothing is late. A source that never completes shows in the age of its message.
  treat_missing_data = "notBreaching"
  # A fleet that makes three sets an hour is evaluated too.
  evaluate_low_sample_count_percentiles = "evaluate"

  tags = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

# Immediate, whereas SQS's metric may be 15 minutes late. Bad uploads are their owners'
# problem, so this alarm notifies on its own and is not part of the composite alarm.
resource "aws_cloudwatch_metric_alarm" "new_dead_letters" {
  for_each = var.lanes

  alarm_name          = "${var.prefix}-new-dead-letters-${each.key}"
  alarm_description   = "WARNING: the worker has just sent a message of lane ${each.key} to the dead-letter queue, with the cause. Runbook: ${var.runbook_url}#alarm-new-dead-letters First: ${local._read_dead_letters}"
  namespace           = "Pixfleet"
  metric_name         = "dead_letters"
  dimensions          = { fleet = var.prefix, lane = each.key }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  # The metric is written only when there is a dead letter.
  treat_missing_data = "notBreaching"
  alarm_actions      = [local._topic_arn]
  ok_actions         = [local._topic_arn]

  tags = var.tags

  depends_on = [aws_sns_topic_policy.this]
}
