locals {
  # Alarms that end when their cause ends. They have no actions; the composite alarm notifies once for all.
  _flows = concat(
    [for alarm in aws_cloudwatch_metric_alarm.api : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.batches_stopped : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.complete_seconds : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.crashes : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.duration : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.edge_errors : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.error_rate : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.forwarded_rate : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.notifications : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.oldest_message : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.purge_failures : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.purges : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.rejected_rate : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.renderer : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.renderer_errors : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.renderer_spend : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.renderer_unavailable : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.throttles : alarm.alarm_name],
  )
}

resource "aws_cloudwatch_composite_alarm" "this" {
  alarm_name        = "${var.prefix}-something-is-wrong"
  alarm_description = "CRITICAL: at least one alarm of Pixfleet is on; see below which. Runbook: ${var.runbook_url}#alarm-something-is-wrong First: pixfleet status --stack ${var.prefix}"
  alarm_rule        = join(" OR ", [for name in sort(local._flows) : "ALARM(\"${name}\")"])
  alarm_actions     = [local._topic_arn]
  ok_actions        = [local._topic_arn]

  tags = var.tags

  # The topic's policy must exist before the first notification.
  depends_on = [aws_sns_topic_policy.this]
}
