# A picture that should be gone is seen for six minutes at most without a purge, so these wake nobody.
locals {
  _purges = {
    for name, alarm in {
      purge-budget = {
        metric_name = "purges_over_budget"
        statistic   = "Sum"
        period      = 3600
        evaluations = 1
        threshold   = 0
        description = "The month's paths for purges are spent: removed pictures stay visible for up to six minutes. Runbook: ${var.runbook_url}#alarm-purge-budget First: pixfleet status --stack ${var.prefix}"
      }
      purge-age = {
        metric_name = "purge_age_seconds"
        statistic   = "Maximum"
        period      = 300
        evaluations = 2
        threshold   = 300
        description = "Keys wait for a purge longer than CloudFront keeps a picture. Runbook: ${var.runbook_url}#alarm-purge-age First: aws logs tail ${try(var.purge.log_group_name, "")} --since 1h"
      }
    } : name => alarm if var.purge != null
  }
}

resource "aws_cloudwatch_metric_alarm" "purges" {
  for_each = local._purges

  alarm_name          = "${var.prefix}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "Pixfleet"
  metric_name         = each.value.metric_name
  dimensions          = { fleet = var.prefix }
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.evaluations
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"

  tags = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_metric_alarm" "purge_failures" {
  count = var.purge == null ? 0 : 1

  alarm_name          = "${var.prefix}-purge-failures"
  alarm_description   = "CloudFront refuses invalidations, the purge function fails, or workers cannot send to the purge queue. Runbook: ${var.runbook_url}#alarm-purge-failures First: aws logs tail ${var.purge.log_group_name} --since 1h"
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "failed"
    label       = "keys or invocations that failed"
    expression  = "FILL(keys, 0) + FILL(errors, 0)"
    return_data = true
  }

  metric_query {
    id = "keys"

    metric {
      namespace   = "Pixfleet"
      metric_name = "purge_failures"
      dimensions  = { fleet = var.prefix }
      stat        = "Sum"
      period      = 300
    }
  }

  metric_query {
    id = "errors"

    metric {
      namespace   = "AWS/Lambda"
      metric_name = "Errors"
      dimensions  = { FunctionName = var.purge.function_name }
      stat        = "Sum"
      period      = 300
    }
  }

  tags = var.tags

  lifecycle {
    create_before_destroy = true
  }
}
