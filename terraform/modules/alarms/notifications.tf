# SNS has given up: it moved an event to the queue of undelivered ones, or could not even do that. NumberOfNotificationsFailed counts
# each attempt, also those that a later one makes good.
# https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
resource "aws_cloudwatch_metric_alarm" "notifications" {
  count = var.notifications_topic_name == null ? 0 : 1

  alarm_name          = "${var.prefix}-notifications"
  alarm_description   = "WARNING: an address has not taken events of ${var.notifications_topic_name} within an hour. Runbook: ${var.runbook_url}#alarm-notifications First: aws sqs get-queue-url --queue-name ${var.notifications_topic_name}-undelivered"
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "undelivered"
    label       = "events that an address has not taken"
    expression  = "FILL(kept, 0) + FILL(lost, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = {
      kept = "NumberOfNotificationsRedrivenToDlq"
      lost = "NumberOfNotificationsFailedToRedriveToDlq"
    }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/SNS"
        metric_name = metric_query.value
        dimensions  = { TopicName = var.notifications_topic_name }
        stat        = "Sum"
        period      = 300
      }
    }
  }

  tags = var.tags

  lifecycle {
    create_before_destroy = true
  }
}
