locals {
  # Derived: a message that is older than a set may take to complete has missed the target already.
  _complete_seconds = {
    for name, lane in var.lanes : name => coalesce(
      lane.complete_seconds_p95,
      name == "live" ? var.complete_seconds_p95 : 86400,
    )
  }

  _status = "pixfleet status --stack ${var.prefix}"

  _put_off_lines  = "aws logs tail ${var.log_group_name} --since 1h --filter-pattern '{ $.event = \"image put off\" }'"
  _rejected_lines = "aws logs tail ${var.log_group_name} --since 1h --filter-pattern '{ $.event = \"image rejected\" }'"
}

resource "aws_cloudwatch_metric_alarm" "oldest_message" {
  for_each = var.lanes

  alarm_name          = "${var.prefix}-oldest-message-${each.key}"
  alarm_description   = "The oldest message of lane ${each.key} waits longer than ${local._complete_seconds[each.key]} s. Runbook: ${var.runbook_url}#alarm-oldest-message First: ${local._status}"
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
    # A lane that is taken away must leave the composite alarm before its own alarms can go.
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_metric_alarm" "complete_seconds" {
  for_each = var.lanes

  alarm_name         = "${var.prefix}-complete-seconds-${each.key}"
  alarm_description  = "From upload to complete set takes longer than ${local._complete_seconds[each.key]} s for 5 % of lane ${each.key}, or an event was lost and its source found late. Runbook: ${var.runbook_url}#alarm-complete-seconds First: ${local._status}"
  namespace          = "Pixfleet"
  metric_name        = "complete_seconds"
  dimensions         = { lane = each.key }
  extended_statistic = "p95"
  # Long enough that one retry among many does not show, short enough that one lost event among few does.
  period              = 900
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = local._complete_seconds[each.key]
  # Nothing was uploaded: nothing is late. What waits and never completes shows in the age of its message.
  treat_missing_data = "notBreaching"
  # A fleet that makes three sets an hour counts as well.
  evaluate_low_sample_count_percentiles = "evaluate"

  tags = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

# At once where SQS would tell of the dead letter 15 minutes late. Bad uploads are their owners'
# doing, so this speaks for itself and does not page with the composite alarm.
resource "aws_cloudwatch_metric_alarm" "new_dead_letters" {
  for_each = var.lanes

  alarm_name          = "${var.prefix}-new-dead-letters-${each.key}"
  alarm_description   = "WARNING: the worker gave up a source of lane ${each.key} just now; its dead letter tells why. Runbook: ${var.runbook_url}#alarm-new-dead-letters First: ${local._read_dead_letters}"
  namespace           = "Pixfleet"
  metric_name         = "dead_letters"
  dimensions          = { lane = each.key }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  # Written only when there is one.
  treat_missing_data = "notBreaching"
  alarm_actions      = [local._topic_arn]
  ok_actions         = [local._topic_arn]

  tags = var.tags

  depends_on = [aws_sns_topic_policy.this]
}
