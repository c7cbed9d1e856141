output "alarm_names" {
  description = "Names of the alarms, by subject; an alarm for each lane or cause has its name at the end."
  value = merge(
    { for alarm in concat(
      values(aws_cloudwatch_metric_alarm.api),
      values(aws_cloudwatch_metric_alarm.batches_stopped),
      values(aws_cloudwatch_metric_alarm.complete_seconds),
      values(aws_cloudwatch_metric_alarm.crashes),
      values(aws_cloudwatch_metric_alarm.dead_letters),
      values(aws_cloudwatch_metric_alarm.duration),
      aws_cloudwatch_metric_alarm.edge_errors,
      values(aws_cloudwatch_metric_alarm.error_rate),
      values(aws_cloudwatch_metric_alarm.forwarded_rate),
      aws_cloudwatch_metric_alarm.notifications,
      values(aws_cloudwatch_metric_alarm.oldest_message),
      values(aws_cloudwatch_metric_alarm.new_dead_letters),
      aws_cloudwatch_metric_alarm.purge_failures,
      values(aws_cloudwatch_metric_alarm.purges),
      values(aws_cloudwatch_metric_alarm.rejected_rate),
      values(aws_cloudwatch_metric_alarm.renderer),
      aws_cloudwatch_metric_alarm.renderer_errors,
      aws_cloudwatch_metric_alarm.renderer_spend,
      aws_cloudwatch_metric_alarm.renderer_unavailable,
      values(aws_cloudwatch_metric_alarm.throttles),
      values(aws_cloudwatch_metric_alarm.undelivered_events),
    ) : trimprefix(alarm.alarm_name, "${var.prefix}-") => alarm.alarm_name },
    { something-is-wrong = aws_cloudwatch_composite_alarm.this.alarm_name },
  )
}

output "dashboard_name" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "topic_arn" {
  description = "ARN of the operations topic, for subscribers of your own."
  value       = aws_sns_topic.this.arn

  # Subscribers get no notification until CloudWatch may publish.
  depends_on = [aws_sns_topic_policy.this]
}
