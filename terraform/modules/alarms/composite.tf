locals {
  # What ends by itself when its cause does. They are silent; the composite alarm pages once for all.
  _flows = concat(
    [
      aws_cloudwatch_metric_alarm.crashes.alarm_name,
      aws_cloudwatch_metric_alarm.duration.alarm_name,
      aws_cloudwatch_metric_alarm.throttles.alarm_name,
    ],
    [for alarm in aws_cloudwatch_metric_alarm.batches_stopped : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.complete_seconds : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.edge_errors : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.error_rate : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.oldest_message : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.rejected_rate : alarm.alarm_name],
  )
}

resource "aws_cloudwatch_composite_alarm" "this" {
  alarm_name        = "${var.prefix}-something-is-wrong"
  alarm_description = "CRITICAL: Pixfleet does not work as it should; the alarms that say how are named below. Runbook: ${var.runbook_url}#alarm-something-is-wrong First: pixfleet status --stack ${var.prefix}"
  alarm_rule        = join(" OR ", [for name in sort(local._flows) : "ALARM(\"${name}\")"])
  alarm_actions     = [local._topic_arn]
  ok_actions        = [local._topic_arn]

  tags = var.tags

  # The first page may not come before the topic lets it through.
  depends_on = [aws_sns_topic_policy.this]
}
