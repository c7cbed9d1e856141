# CloudFront's metrics are only in us-east-1, and an alarm cannot read another region's. Elsewhere the
# dashboard shows them, and there is no alarm.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html
resource "aws_cloudwatch_metric_alarm" "edge_errors" {
  count = local._region == "us-east-1" ? 1 : 0

  alarm_name          = "${var.prefix}-edge-errors"
  alarm_description   = "CloudFront answers 1 % or more of all requests with 5xx. Runbook: ${var.runbook_url}#alarm-edge-errors First: aws cloudfront get-distribution-config --id ${var.distribution_id}"
  namespace           = "AWS/CloudFront"
  metric_name         = "5xxErrorRate"
  dimensions          = { DistributionId = var.distribution_id, Region = "Global" }
  statistic           = "Average"
  period              = 300
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  # No requests.
  treat_missing_data = "notBreaching"

  tags = var.tags

  lifecycle {
    create_before_destroy = true
  }
}
