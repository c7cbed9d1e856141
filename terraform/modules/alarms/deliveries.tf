# EventBridge writes these metrics of a rule only if they are not zero. Either the event is in the dead-letter queue, or it is
# lost, and `pixfleet verify` finds its source. The alarm ends after one period, so it notifies on its own.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
resource "aws_cloudwatch_metric_alarm" "undelivered_events" {
  for_each = { for name, lane in var.lanes : name => lane.rule_name if lane.rule_name != null }

  alarm_name          = "${var.prefix}-undelivered-events-${each.key}"
  alarm_description   = "CRITICAL: EventBridge could not deliver events to lane ${each.key}; they are dead letters or lost. Runbook: ${var.runbook_url}#alarm-undelivered-events First: pixfleet doctor --stack ${var.prefix}"
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local._topic_arn]
  ok_actions          = [local._topic_arn]

  metric_query {
    id          = "undelivered"
    label       = "events that were not delivered"
    expression  = "FILL(failed, 0) + FILL(dead, 0) + FILL(lost, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = {
      dead   = "InvocationsSentToDlq"
      failed = "FailedInvocations"
      lost   = "InvocationsFailedToBeSentToDlq"
    }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/Events"
        metric_name = metric_query.value
        dimensions  = { RuleName = each.value }
        stat        = "Sum"
        period      = 300
      }
    }
  }

  tags = var.tags

  depends_on = [aws_sns_topic_policy.this]
}
